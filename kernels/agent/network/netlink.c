// SPDX-License-Identifier: Apache-2.0
/*
 * NETLINK: passes dom0's messages of rtnetlink(7) on to the kernel. They give an interface of this guest its name,
 * MAC and MTU, any number of addresses, and any routes.
 */
#include "network/netlink.h"

#include "protocol/control.h"

#include <endian.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

/*
 * Returns true if the field holds complete messages, each behind the one before, none longer than the remaining
 * bytes.
 */
static bool are_whole(const struct agent_field *messages) {
  struct nlmsghdr header;

  for (size_t at = 0; at < messages->length; at += NLMSG_ALIGN(header.nlmsg_len)) {
    size_t left = messages->length - at;

    if (left < sizeof header)
      return false;
    memcpy(&header, messages->bytes + at, sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > left || NLMSG_ALIGN(header.nlmsg_len) > left)
      return false;
  }
  return true;
}

void agent_netlink_request(struct agent_request request, struct agent_fields *fields) {
  struct thaw_netlink netlink;
  struct agent_field messages;
  unsigned index, number = 0;
  uint32_t answer;

  if (!agent_fields_struct(fields, &netlink, sizeof netlink) || !agent_fields_next(fields, &messages) ||
      !agent_fields_at_end(fields) || !are_whole(&messages)) {
    agent_control_error(request, THAW_E_MESSAGE, "NETLINK is malformed");
    return;
  }
  index = agent_netlink_interface(netlink.devid);
  if (index == 0) {
    agent_control_error(request, THAW_E_DEVICE, "Network device %u: %s", netlink.devid, strerror(errno));
    return;
  }
  if (!agent_netlink_talk(&messages, &number)) {
    agent_control_error(request, THAW_E_INTERNAL, "Network device %u: message %u: %s", netlink.devid, number,
                        strerror(errno));
    return;
  }
  answer = htole32(index);
  agent_control_ok(request, &answer, sizeof answer);
}
