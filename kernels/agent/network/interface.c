// SPDX-License-Identifier: Apache-2.0
/*
 * Gives an interface one address of each kind and the default routes. Uses the old ioctls, because netlink would need
 * a parser.
 */
#define _GNU_SOURCE
#include "base/path.h"
#include "network/network.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ipv6.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define ADDRESSES_MAX 1000

/* The IPv6 address that this agent has set. A clone inherits it together with the address itself. */
static struct in6_ifreq own6;

struct target {
  const char *interface;
  int socket4, socket6, index;
};

static struct ifreq request_for(const struct target *target) {
  struct ifreq request = {0};

  snprintf(request.ifr_name, sizeof request.ifr_name, "%s", target->interface);
  return request;
}

static struct sockaddr ipv4(const uint8_t address[4]) {
  struct sockaddr_in in = {.sin_family = AF_INET};
  struct sockaddr out;

  memcpy(&in.sin_addr, address, sizeof in.sin_addr);
  memcpy(&out, &in, sizeof out);
  return out;
}

static bool set_up(const struct target *target, bool up) {
  struct ifreq request = request_for(target);

  if (ioctl(target->socket4, SIOCGIFFLAGS, &request) != 0)
    return false;
  request.ifr_flags = (short)(up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP);
  return ioctl(target->socket4, SIOCSIFFLAGS, &request) == 0;
}

static bool set_link(const struct target *target, const struct thaw_network *network) {
  static const uint8_t none[sizeof network->mac];
  struct ifreq request = request_for(target);

  if (memcmp(network->mac, none, sizeof none) != 0) {
    request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
    memcpy(request.ifr_hwaddr.sa_data, network->mac, sizeof network->mac);
    if (ioctl(target->socket4, SIOCSIFHWADDR, &request) != 0)
      return false;
  }
  request = request_for(target);
  request.ifr_mtu = (int)network->mtu;
  return network->mtu == 0 || ioctl(target->socket4, SIOCSIFMTU, &request) == 0;
}

/* The template may have had several addresses. To set 0.0.0.0 removes one of them, and others of its subnet with
 * it. */
static bool remove_addresses4(const struct target *target) {
  static const uint8_t none[4];

  for (int i = 0; i < ADDRESSES_MAX; i++) {
    struct ifreq request = request_for(target);

    if (ioctl(target->socket4, SIOCGIFADDR, &request) != 0)
      return errno == EADDRNOTAVAIL;
    request.ifr_addr = ipv4(none);
    if (ioctl(target->socket4, SIOCSIFADDR, &request) != 0)
      return false;
  }
  errno = E2BIG;
  return false;
}

static bool set_address4(const struct target *target, const struct thaw_network *network) {
  struct ifreq request = request_for(target);
  uint32_t mask = network->prefix4 == 0 ? 0 : htonl(~0u << (32 - network->prefix4));
  uint8_t bytes[4];

  if (!remove_addresses4(target))
    return false;
  if (network->prefix4 == 0)
    return true;
  request.ifr_addr = ipv4(network->address4);
  if (ioctl(target->socket4, SIOCSIFADDR, &request) != 0)
    return false;
  memcpy(bytes, &mask, sizeof bytes);
  request.ifr_netmask = ipv4(bytes);
  return ioctl(target->socket4, SIOCSIFNETMASK, &request) == 0;
}

static bool set_option6(const struct target *target, const char *name, const char *value) {
  char path[AGENT_PATH_MAX];
  bool ok;
  int fd;

  agent_path(path, "/proc/sys/net/ipv6/conf/%s/%s", target->interface, name);
  fd = open(path, O_WRONLY | O_CLOEXEC);
  ok = fd >= 0 && write(fd, value, 1) == 1;
  if (fd >= 0)
    close(fd);
  return ok;
}

/*
 * Switches off duplicate address detection, because dom0 chose a unique address, and ignores router advertisements.
 * An interface with IPv4 alone gets no IPv6 address of its own. One without addresses stays down, and NETLINK may
 * give it IPv6.
 */
static bool prepare6(const struct target *target, const struct thaw_network *network) {
  if (own6.ifr6_prefixlen > 0 && own6.ifr6_ifindex == target->index)
    ioctl(target->socket6, SIOCDIFADDR, &own6);
  own6.ifr6_prefixlen = 0;
  if (network->prefix6 == 0)
    return set_option6(target, "disable_ipv6", network->prefix4 > 0 ? "1" : "0");
  return set_option6(target, "disable_ipv6", "0") && set_option6(target, "accept_ra", "0") &&
         set_option6(target, "accept_dad", "0");
}

static bool set_address6(const struct target *target, const struct thaw_network *network) {
  struct in6_ifreq request = {.ifr6_prefixlen = network->prefix6, .ifr6_ifindex = target->index};

  if (network->prefix6 == 0)
    return true;
  memcpy(&request.ifr6_addr, network->address6, sizeof request.ifr6_addr);
  if (ioctl(target->socket6, SIOCSIFADDR, &request) != 0)
    return false;
  own6 = request;
  return true;
}

static bool is_zero(const uint8_t *bytes, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (bytes[i] != 0)
      return false;
  return true;
}

static bool add_routes(const struct target *target, const struct thaw_network *network) {
  static const uint8_t any[4];
  char interface[IFNAMSIZ];
  struct rtentry route4 = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = interface};
  struct in6_rtmsg route6 = {.rtmsg_flags = RTF_UP | RTF_GATEWAY, .rtmsg_metric = 1, .rtmsg_ifindex = target->index};

  snprintf(interface, sizeof interface, "%s", target->interface);
  route4.rt_dst = route4.rt_genmask = ipv4(any);
  route4.rt_gateway = ipv4(network->gateway4);
  if (network->prefix4 > 0 && !is_zero(network->gateway4, sizeof network->gateway4) &&
      ioctl(target->socket4, SIOCADDRT, &route4) != 0)
    return false;
  memcpy(&route6.rtmsg_gateway, network->gateway6, sizeof route6.rtmsg_gateway);
  return network->prefix6 == 0 || is_zero(network->gateway6, sizeof network->gateway6) ||
         ioctl(target->socket6, SIOCADDRT, &route6) == 0;
}

/*
 * Takes the interface down first: this removes its routes, and the MAC of an interface cannot change while it is up.
 */
static const char *set_all(const struct target *target, const struct thaw_network *network) {
  if (!set_up(target, false))
    return "take it down";
  if (!set_link(target, network))
    return "set its MAC or MTU";
  if (target->socket6 >= 0 && !prepare6(target, network))
    return "set how it takes IPv6 addresses";
  if (!set_address4(target, network))
    return "set its IPv4 address";
  if (network->prefix4 == 0 && network->prefix6 == 0)
    return NULL;
  if (!set_up(target, true))
    return "take it up";
  if (!set_address6(target, network))
    return "set its IPv6 address";
  return add_routes(target, network) ? NULL : "set its default route";
}

const char *agent_network_set(const char *interface, const struct thaw_network *network) {
  struct target target = {.interface = interface};
  const char *failed = "make a socket for it";
  int error;

  target.socket4 = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  target.socket6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (target.socket4 < 0 || (target.socket6 < 0 && network->prefix6 > 0))
    goto out;
  target.index = (int)if_nametoindex(interface);
  failed = target.index == 0 ? "find it" : set_all(&target, network);
out:
  error = errno;
  if (target.socket4 >= 0)
    close(target.socket4);
  if (target.socket6 >= 0)
    close(target.socket6);
  errno = error;
  return failed;
}
