// SPDX-License-Identifier: Apache-2.0
// The process at the other end of a unix socket, by the kernel's word (unix(7)).
#pragma once

#include <sys/types.h>
#include <vector>

namespace thaw {

/// Credentials at the time of the peer's connect(2).
struct Peer {
  pid_t pid = 0; ///< 0 for a process that this PID namespace does not show.
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups; ///< Supplementary groups.
};

/// Returns 0, or the errno of the failed call.
int peer_of(int fd, Peer *peer);

} // namespace thaw
