// SPDX-License-Identifier: Apache-2.0
// Xen handles for jobs outside the libxl thread. Several threads may call their libraries at once.
#pragma once

extern "C" {
#include <xenctrl.h>
#include <xenforeignmemory.h>
#include <xengnttab.h>
}

namespace thaw {

struct XenHandles {
  xc_interface *xch;
  xenforeignmemory_handle *memory;
  xengnttab_handle *grants;
};

/// Returns the process's one set, opened at the first call and kept open. nullptr with errno set when there is no
/// Xen.
const XenHandles *xen_handles();

/// A logger that drops everything, for handles opened elsewhere: errno has the error.
xentoollog_logger *quiet_logger();

} // namespace thaw
