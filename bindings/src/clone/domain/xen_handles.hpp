// SPDX-License-Identifier: Apache-2.0
// The handles that jobs outside the libxl thread use. Their libraries may be called from several threads at once.
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

/// The process's one set, opened when it is first asked for and kept open. nullptr with errno set when there is no Xen.
const XenHandles *xen_handles();

/// For handles of one's own: what goes wrong is in errno.
xentoollog_logger *quiet_logger();

} // namespace thaw
