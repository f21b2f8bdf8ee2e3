// SPDX-License-Identifier: Apache-2.0
// Makes a new domain from an image: creates it, gives it frames, fills them, and leaves it paused just before its
// resume.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "clone/domain/xen_handles.hpp"
#include "clone/image/image.hpp"

extern "C" {
#include "../../../../kernels/agent/proto.h"
}

namespace thaw {

/// The settings of a new domain; the fields are those of struct xen_domctl_createdomain (xen/domctl.h).
struct CloneSpec {
  uint8_t handle[16] = {};
  uint32_t flags = 0; ///< XEN_DOMCTL_CDF_*; hvm and hap must fit the image.
  uint32_t max_vcpus = 0, max_evtchn_port = 0;
  int32_t max_grant_frames = 0, max_maptrack_frames = 0;
  uint32_t grant_version = 0, cpupool = 0, emulation_flags = 0, misc_flags = 0;
  uint64_t max_kib = 0;    ///< Xen's initial memory limit.
  uint64_t memmap_kib = 0; ///< The limit of its memory map, PV only.
  uint64_t pool_bytes = 0; ///< Its paging pool, HVM only.
  /// All pages of the agent's rings, the control ring's first. A clone with them wakes without xenstore. Empty: the
  /// guest waits for the wake node in xenstore.
  std::vector<thaw_ring_page> rings;
  /// With rings: all pages of the vif's rings, the transmit ring's first. Empty: the guest has no vif, or looks for
  /// it in xenstore.
  std::vector<thaw_ring_page> vif;
};

/// The frames of the clone's rings, for xenstored and xenconsoled: guest frames of an HVM domain, machine frames of a
/// PV domain.
struct Clone {
  uint32_t domid = 0;
  uint64_t store_frame = 0, console_frame = 0;
  uint32_t store_port = 0, console_port = 0;
  uint32_t control_port = 0, data_port = 0;  ///< Only with rings.
  uint32_t vif_tx_port = 0, vif_rx_port = 0; ///< Only with a vif's rings.
  /// Duration of each step in ms: making the domain, its frames, their contents, its state.
  double create_ms = 0, populate_ms = 0, copy_ms = 0, state_ms = 0;
};

/// The step that failed and its errno; with errno 0 `what` says what is wrong.
struct CloneError {
  const char *step = "";
  int errnum = 0;
  std::string what;
};

/// Makes a clone. Any thread may call it, several at once. Leaves no domain when it fails.
bool make_clone(const XenHandles &xen, const Image &image, const CloneSpec &spec, Clone *clone, CloneError *error);

} // namespace thaw
