// SPDX-License-Identifier: Apache-2.0
// How a new domain gets an image: made, given its frames, filled, and left paused just before its resume.
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

/// What a new domain is made with; the fields are those of struct xen_domctl_createdomain (xen/domctl.h).
struct CloneSpec {
  uint8_t handle[16] = {};
  uint32_t flags = 0; ///< XEN_DOMCTL_CDF_*; hvm and hap must fit the image.
  uint32_t max_vcpus = 0, max_evtchn_port = 0;
  int32_t max_grant_frames = 0, max_maptrack_frames = 0;
  uint32_t grant_version = 0, cpupool = 0, emulation_flags = 0, misc_flags = 0;
  uint64_t max_kib = 0;    ///< What Xen lets it have at first.
  uint64_t memmap_kib = 0; ///< What its memory map may reach, PV only.
  uint64_t pool_bytes = 0; ///< Its paging pool, HVM only.
  /// All pages of the agent's rings, the control ring's first: a clone that has them wakes without xenstore. Empty: it
  /// waits for the wake node there.
  std::vector<thaw_ring_page> rings;
  /// With rings: all pages of its vif's, that of the transmit ring first. Empty: it has no vif, or looks for it in
  /// xenstore.
  std::vector<thaw_ring_page> vif;
};

/// Where the clone's rings are, for xenstored and xenconsoled: guest frames of an HVM domain, machine frames of a PV
/// one.
struct Clone {
  uint32_t domid = 0;
  uint64_t store_frame = 0, console_frame = 0;
  uint32_t store_port = 0, console_port = 0;
  uint32_t control_port = 0, data_port = 0;  ///< With rings only.
  uint32_t vif_tx_port = 0, vif_rx_port = 0; ///< With a vif's only.
  /// How long its steps took, in ms: the domain, its frames, their contents, its state.
  double create_ms = 0, populate_ms = 0, copy_ms = 0, state_ms = 0;
};

/// The step that failed and its errno; 0 with `what` saying what is wrong.
struct CloneError {
  const char *step = "";
  int errnum = 0;
  std::string what;
};

/// Makes a clone, on any thread, several at once. Leaves no domain when it fails.
bool make_clone(const XenHandles &xen, const Image &image, const CloneSpec &spec, Clone *clone, CloneError *error);

} // namespace thaw
