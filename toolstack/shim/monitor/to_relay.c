// SPDX-License-Identifier: Apache-2.0
/* Sends messages to the relay, and never waits: a relay that a guest has taken over may read none. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "monitor/monitor.h"

bool tell_relay(struct monitor *monitor, enum message_type type, uint32_t id, const void *payload, uint32_t length,
                int fd) {
  const struct message head = {type, id, 0, length};

  if (monitor->link_is_full)
    return false;
  if (monitor->link < 0 || message_send(monitor->link, &head, payload, fd, MSG_DONTWAIT) == 0)
    return true;
  monitor->link_is_full = errno == EAGAIN || errno == EWOULDBLOCK;
  if (!monitor->link_is_full && errno != EPIPE)
    note(NOTE_ERROR, "Cannot send to the relay: %s", strerror(errno)); /* its end is noticed by relay_hear() */
  return !monitor->link_is_full;
}
