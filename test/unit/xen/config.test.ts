// SPDX-License-Identifier: Apache-2.0
// The complete domain configuration for libxl.

import test from 'ava';
import { libxlConfig } from '../../../toolstack/xen/config.js';

const given = {
  name: 'web',
  uuid: '74686177-0000-8000-a000-000000000000',
  maxVcpus: 4,
  onlineVcpus: 1,
  maxMemoryKib: 1048576,
  memoryKib: 65536,
  kernel: '/k',
  initrd: '/i',
  cmdline: 'console=hvc0 quiet',
};

for (const type of ['pv', 'pvh'] as const) {
  test(`a ${type} domain is described in libxl's own fields`, (t) => {
    t.deepEqual(JSON.parse(JSON.stringify(libxlConfig({ ...given, type }))), {
      c_info: { type, name: 'web', uuid: given.uuid },
      b_info: {
        max_vcpus: 4,
        avail_vcpus: [0],
        max_memkb: 1048576,
        target_memkb: 65536,
        video_memkb: 0,
        max_grant_frames: 32,
        kernel: '/k',
        ramdisk: '/i',
        cmdline: 'console=hvc0 quiet',
        [`type.${type}`]: {},
        arch_x86: { msr_relaxed: 'False' },
      },
      on_poweroff: 'destroy',
      on_reboot: 'destroy',
      on_crash: 'destroy',
    });
  });
}
