// SPDX-License-Identifier: Apache-2.0
// Asks the kernel with SO_PEERCRED and SO_PEERGROUPS.

#include "util/host/peer.hpp"

#include <cerrno>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

namespace thaw {
namespace {

/// The kernel's own limit, NGROUPS_MAX.
constexpr size_t kGroupsMax = 65536;

} // namespace

int peer_of(int fd, Peer *peer) {
  struct ucred credentials = {};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
    return errno;
  // A socket without a peer has these values.
  if (length != sizeof credentials || credentials.uid == uid_t(-1) || credentials.gid == gid_t(-1))
    return ENOTCONN;
  peer->pid = credentials.pid;
  peer->uid = credentials.uid;
  peer->gid = credentials.gid;
  std::vector<gid_t> groups(32);
  for (;;) {
    length = socklen_t(groups.size() * sizeof(gid_t));
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) == 0)
      break;
    // With ERANGE, the kernel says how many bytes it has.
    size_t wanted = length / sizeof(gid_t);
    if (errno != ERANGE || wanted <= groups.size() || wanted > kGroupsMax)
      return errno;
    groups.resize(wanted);
  }
  groups.resize(length / sizeof(gid_t));
  peer->groups = std::move(groups);
  return 0;
}

} // namespace thaw
