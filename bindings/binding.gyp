# SPDX-License-Identifier: Apache-2.0
# How the addon is compiled. Built by scripts/build-bindings with npm's node-gyp against installed headers; needs libxen-dev.
{
  'targets': [
    {
      'target_name': 'thaw',
      'sources': [
        'src/addon.cpp',
        'src/objects/context.cpp',
        'src/objects/context_methods.cpp',
        'src/objects/libxl_thread.cpp',
        'src/objects/libxl_thread_loop.cpp',
        'src/objects/loop_job.cpp',
        'src/objects/requests_create.cpp',
        'src/objects/requests_domain.cpp',
        'src/objects/requests_memory.cpp',
        'src/objects/requests_query.cpp',
        'src/objects/trim_job.cpp',
        'src/objects/vchan.cpp',
        'src/objects/vchan_methods.cpp',
        'src/objects/vchan_open.cpp',
        'src/util/args.cpp',
        'src/util/children.cpp',
        'src/util/death_watches.cpp',
        'src/util/env.cpp',
        'src/util/failure.cpp',
        'src/util/job.cpp',
        'src/util/log.cpp',
        'src/util/loop_device.cpp',
        'src/util/message.cpp',
        'src/util/op_log.cpp',
        'src/util/request.cpp',
        'src/util/save_stream.cpp',
        'src/util/trim_stream.cpp',
      ],
      'include_dirs': ['src'],
      'defines': ['NAPI_VERSION=9', 'LIBXL_API_VERSION=0x041800'],
      # GNU C++: Xen's public headers use its extensions.
      'cflags_cc': ['-std=gnu++17', '-Wall', '-Wextra', '-Werror', '-fvisibility=hidden'],
      # nodelete: a libxl thread may outlive the Worker that loaded the addon.
      'ldflags': ['-Wl,-z,nodelete', '-Wl,-z,now', '-Wl,-z,relro'],
      'libraries': ['-lxenlight', '-lxenctrl', '-lxenvchan', '-lxenevtchn', '-lxenstore'],
    },
  ],
}
