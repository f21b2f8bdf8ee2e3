// SPDX-License-Identifier: Apache-2.0
// Opens the handles once.

#include "clone/domain/xen_handles.hpp"

#include <cerrno>
#include <mutex>

extern "C" {
#include <xentoollog.h>
}

namespace thaw {
namespace {

// errno has the error. The libraries' log, by default on stderr, would only repeat it.
void no_message(xentoollog_logger *, xentoollog_level, int, const char *, const char *, va_list) {
}
void no_progress(xentoollog_logger *, const char *, const char *, int, unsigned long, unsigned long) {
}
void no_destroy(xentoollog_logger *) {
}
xentoollog_logger quiet = {no_message, no_progress, no_destroy};

const XenHandles *open_all() {
  XenHandles handles = {};
  handles.xch = xc_interface_open(&quiet, &quiet, 0);
  handles.memory = handles.xch != nullptr ? xenforeignmemory_open(&quiet, 0) : nullptr;
  handles.grants = handles.memory != nullptr ? xengnttab_open(&quiet, 0) : nullptr;
  if (handles.grants != nullptr)
    return new XenHandles(handles);
  int errnum = errno;
  if (handles.memory != nullptr)
    xenforeignmemory_close(handles.memory);
  if (handles.xch != nullptr)
    xc_interface_close(handles.xch);
  errno = errnum;
  return nullptr;
}

} // namespace

xentoollog_logger *quiet_logger() {
  return &quiet;
}

const XenHandles *xen_handles() {
  static std::mutex lock;
  static const XenHandles *open = nullptr;
  std::lock_guard<std::mutex> guard(lock);
  if (open == nullptr)
    open = open_all();
  return open;
}

} // namespace thaw
