// SPDX-License-Identifier: Apache-2.0
/* Finds an interface by its device in xenstore, and sends NETLINK's messages to the kernel. */
#define _GNU_SOURCE
#include "network/netlink.h"

#include "base/log.h"
#include "base/options.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void set_option6(const char *interface, const char *name) {
  char path[AGENT_PATH_MAX];
  int fd;

  agent_path(path, "/proc/sys/net/ipv6/conf/%s/%s", interface, name);
  fd = open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return; /* a kernel without IPv6 has no such option */
  if (write(fd, "0", 1) != 1)
    agent_log("Cannot write %s: %s", path, strerror(errno));
  close(fd);
}

unsigned agent_netlink_interface(uint32_t devid) {
  char path[AGENT_PATH_MAX];
  unsigned index = 0;
  struct dirent *entry;
  DIR *folder;

  agent_path(path, "%s/vif-%u/net", agent_options.xenbus, devid);
  folder = opendir(path);
  if (!folder) {
    errno = ENODEV;
    return 0;
  }
  while (index == 0 && (entry = readdir(folder)) != NULL) {
    if (entry->d_name[0] == '.')
      continue;
    index = if_nametoindex(entry->d_name);
    set_option6(entry->d_name, "accept_ra");
    set_option6(entry->d_name, "accept_dad");
  }
  closedir(folder);
  errno = ENODEV;
  return index;
}

static bool is_inet6(const struct nlmsghdr *message) {
  return message->nlmsg_len > sizeof *message && *(const uint8_t *)NLMSG_DATA(message) == AF_INET6;
}

/* Returns true for an error that says the object is already removed, or the route already exists. */
static bool is_so(const struct nlmsghdr *message, int error) {
  uint16_t type = message->nlmsg_type;
  bool removes = type == RTM_DELADDR || type == RTM_DELROUTE || type == RTM_DELNEIGH;

  return removes ? error == ESRCH || error == ENOENT || error == EADDRNOTAVAIL
                 : error == EEXIST && type == RTM_NEWROUTE;
}

/* The kernel answers within send(). Returns 0 or an errno. */
static int ask(int fd, struct nlmsghdr *message) {
  struct {
    struct nlmsghdr header;
    struct nlmsgerr error;
  } answer;

  message->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
  if (send(fd, message, message->nlmsg_len, 0) < 0)
    return errno;
  do {
    ssize_t n = recv(fd, &answer, sizeof answer, MSG_DONTWAIT);

    if (n < 0)
      return errno;
    if ((size_t)n < sizeof answer)
      return EPROTO;
  } while (answer.header.nlmsg_type != NLMSG_ERROR);
  return -answer.error.error;
}

bool agent_netlink_talk(const struct agent_field *messages, unsigned *number_out) {
  struct nlmsghdr *message = NULL, header;
  bool has_inet6 = true;
  int fd = -1, error = 0;

  *number_out = 0;
  if (messages->length == 0)
    return true;
  fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  message = malloc(messages->length); /* aligned: messages in a frame are not */
  if (fd < 0 || !message) {
    error = errno;
    goto out;
  }
  for (size_t at = 0; at < messages->length && error == 0; at += NLMSG_ALIGN(header.nlmsg_len)) {
    memcpy(&header, messages->bytes + at, sizeof header);
    memcpy(message, messages->bytes + at, header.nlmsg_len);
    error = ask(fd, message);
    (*number_out)++;
    /* IPv6 is disabled in the guest: skip the messages that need it. */
    has_inet6 = has_inet6 && !(error == EACCES && header.nlmsg_type == RTM_NEWADDR && is_inet6(message));
    if (is_so(message, error) || (!has_inet6 && is_inet6(message)))
      error = 0;
  }
out:
  free(message);
  if (fd >= 0)
    close(fd);
  errno = error;
  return error == 0;
}
