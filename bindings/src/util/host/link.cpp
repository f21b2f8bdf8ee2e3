// SPDX-License-Identifier: Apache-2.0
// Makes the ioctls of bridges and interfaces, in order.

#include "util/host/link.hpp"

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace thaw {
namespace {

class Socket {
public:
  Socket() : fd_(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  }
  ~Socket() {
    if (fd_ >= 0)
      close(fd_);
  }
  Socket(const Socket &) = delete;
  Socket &operator=(const Socket &) = delete;
  operator int() const {
    return fd_;
  }

private:
  int fd_;
};

bool fail(LinkError *error, const char *op, int errnum = errno) {
  *error = {op, errnum};
  return false;
}

struct ifreq request_for(const std::string &name) {
  struct ifreq request = {};
  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name.c_str());
  return request;
}

/// Returns the bridge that an interface is a port of; "" for none. Ignores other kinds of masters, such as a bond.
std::string bridge_of(const std::string &interface) {
  char target[PATH_MAX];
  ssize_t n = readlink(("/sys/class/net/" + interface + "/master").c_str(), target, sizeof target - 1);
  if (n < 0)
    return "";
  target[n] = '\0';
  const char *name = strrchr(target, '/');
  return name ? name + 1 : target;
}

bool change_port(int fd, const std::string &bridge, unsigned long op, int index) {
  struct ifreq request = request_for(bridge);
  request.ifr_ifindex = index;
  return ioctl(fd, op, &request) == 0;
}

bool set_up(int fd, const std::string &interface, bool up) {
  struct ifreq request = request_for(interface);
  if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
    return false;
  if (up)
    request.ifr_flags |= IFF_UP;
  else
    request.ifr_flags &= short(~IFF_UP);
  return ioctl(fd, SIOCSIFFLAGS, &request) == 0;
}

/// Writes a setting of the kernel. One that the kernel does not have needs no value.
bool set(const std::string &path, const char *value) {
  int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return errno == ENOENT;
  bool ok = write(fd, value, strlen(value)) >= 0;
  int errnum = errno;
  close(fd);
  errno = errnum;
  return ok;
}

/// Makes a port deaf, whose guest is hostile: dom0 has no address there, and the bridge learns no MAC from it unless it
/// is told to.
bool wall(const std::string &interface) {
  // The bridge has the addresses, and the kernel would announce the port's own to every guest.
  return set("/sys/class/net/" + interface + "/brport/learning", "0") &&
         set("/proc/sys/net/ipv6/conf/" + interface + "/disable_ipv6", "1") &&
         // Frames to 01:80:c2:00:00:0X go past the bridge to dom0's own stack, and past all rules for the bridge.
         set("/proc/sys/net/ipv4/conf/" + interface + "/rp_filter", "1");
}

bool is_name(const std::string &name) {
  return !name.empty() && name.size() < IFNAMSIZ && name.find('/') == std::string::npos && name != "." && name != "..";
}

} // namespace

bool link_join(const std::string &interface, const std::string &bridge, LinkError *error) {
  Socket fd;
  if (fd < 0)
    return fail(error, "socket");
  if (!is_name(interface) || !(bridge.empty() || is_name(bridge)))
    return fail(error, "name", EINVAL);
  unsigned index = if_nametoindex(interface.c_str());
  if (index == 0)
    return fail(error, "if_nametoindex");
  std::string present = bridge_of(interface);
  if (!present.empty() && present != bridge) {
    // dom0's own stack would take a guest's packets from an interface that is up and in no bridge.
    if (!set_up(fd, interface, false))
      return fail(error, "SIOCSIFFLAGS");
    if (!change_port(fd, present, SIOCBRDELIF, int(index)))
      return fail(error, "SIOCBRDELIF");
  }
  if (bridge.empty())
    return set_up(fd, interface, false) || fail(error, "SIOCSIFFLAGS");
  if (present != bridge && !change_port(fd, bridge, SIOCBRADDIF, int(index)))
    return fail(error, "SIOCBRADDIF");
  if (!wall(interface))
    return fail(error, "settings of the port");
  return set_up(fd, interface, true) || fail(error, "SIOCSIFFLAGS");
}

} // namespace thaw
