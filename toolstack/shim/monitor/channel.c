// SPDX-License-Identifier: Apache-2.0
/*
 * Finds the agent's channel, and maps its grants for the relay. A vchan's server publishes its ring's grant and its
 * event channel in xenstore (libxenvchan.h). The monitor asks the device for grants of its own domain alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xenstore.h>

#include <xen/io/libxenvchan.h>
#include <xen/sys/gntdev.h>

#include "monitor/monitor.h"

int channel_map(struct channel *channel, const uint32_t *refs, uint32_t count, uint64_t *offset_out) {
  union {
    struct ioctl_gntdev_map_grant_ref map;
    uint8_t
        bytes[sizeof(struct ioctl_gntdev_map_grant_ref) + CHANNEL_PAGES_MAX * sizeof(struct ioctl_gntdev_grant_ref)];
  } request = {.map.count = count};
  struct mapping *mapping = channel->mappings, *end = mapping + sizeof channel->mappings / sizeof *mapping;

  while (mapping < end && mapping->pages != 0)
    mapping++;
  if (mapping == end || channel->state != CHANNEL_OFFERED)
    return EBUSY;
  for (uint32_t i = 0; i < count; i++)
    request.map.refs[i] = (struct ioctl_gntdev_grant_ref){channel->domid, refs[i]};
  if (ioctl(channel->grants, IOCTL_GNTDEV_MAP_GRANT_REF, &request.map) != 0)
    return errno;
  *mapping = (struct mapping){request.map.index, count};
  *offset_out = request.map.index;
  return 0;
}

/* The device forgets the grants; a mapping of the relay holds them until it is unmapped. */
static void forget(struct channel *channel) {
  for (size_t i = 0; i < sizeof channel->mappings / sizeof *channel->mappings; i++) {
    struct ioctl_gntdev_unmap_grant_ref request = {.index = channel->mappings[i].offset,
                                                   .count = channel->mappings[i].pages};

    if (request.count != 0 && ioctl(channel->grants, IOCTL_GNTDEV_UNMAP_GRANT_REF, &request) != 0)
      note(NOTE_WARN, "Cannot let go of a grant: %s", strerror(errno));
    channel->mappings[i].pages = 0;
  }
}

void channel_mapped(struct monitor *monitor, bool is_mapped) {
  struct channel *channel = &monitor->channel;

  if (channel->state != CHANNEL_OFFERED)
    return;
  forget(channel);
  channel->state = is_mapped ? CHANNEL_OPEN : CHANNEL_CLOSED;
  if (is_mapped)
    domain_channel_is_open(monitor->domain);
}

static void offer_socket(struct monitor *monitor) {
  const struct message_channel offer = {0};
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd;

  if (strlen(monitor->channel.path) >= sizeof address.sun_path) {
    monitor_end(monitor, "cannot open the channel");
    return;
  }
  strcpy(address.sun_path, monitor->channel.path);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0)
    return;
  if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 &&
      tell_relay(monitor, MESSAGE_CHANNEL, 0, &offer, sizeof offer, fd))
    monitor->channel.state = CHANNEL_OFFERED;
  close(fd);
}

/* Returns false without such a node, or if it is no number. */
static bool read_number(struct xs_handle *store, const char *path, const char *name, uint32_t *number_out) {
  char node[512], rest, *text;
  bool is_number;

  if (snprintf(node, sizeof node, "%s/%s", path, name) >= (int)sizeof node)
    return false;
  text = xs_read(store, XBT_NULL, node, NULL);
  is_number = text != NULL && sscanf(text, "%" SCNu32 "%c", number_out, &rest) == 1;
  free(text);
  return is_number;
}

/* Takes, once, the ring that was made for this clone. The agent publishes every later ring. */
static bool find_ring(struct channel *channel, uint32_t *ref_out, uint32_t *port_out) {
  struct xs_handle *store;
  bool is_found;

  if (channel->ring_port != 0) {
    *ref_out = channel->ring_ref;
    *port_out = channel->ring_port;
    channel->ring_port = 0;
    return true;
  }
  store = xs_open(0);
  if (store == NULL)
    return false;
  is_found = read_number(store, channel->path, "ring-ref", ref_out) &&
             read_number(store, channel->path, "event-channel", port_out);
  xs_close(store);
  return is_found;
}

/* Has the device say goodbye to the agent when the ring is unmapped, by whichever end of the relay. */
static int map_ring(struct channel *channel, uint32_t ref, uint32_t port, uint64_t *offset_out) {
  struct ioctl_gntdev_unmap_notify notify = {.action = UNMAP_NOTIFY_CLEAR_BYTE | UNMAP_NOTIFY_SEND_EVENT,
                                             .event_channel_port = port};
  int error = channel_map(channel, &ref, 1, offset_out);

  if (error != 0)
    return error;
  notify.index = *offset_out + offsetof(struct vchan_interface, cli_live);
  return ioctl(channel->grants, IOCTL_GNTDEV_SET_UNMAP_NOTIFY, &notify) != 0 ? errno : 0;
}

static void offer_ring(struct monitor *monitor) {
  struct channel *channel = &monitor->channel;
  struct message_channel offer = {0};
  xenevtchn_handle *events = NULL;
  xenevtchn_port_or_error_t own = -1;
  uint32_t ref, port;
  int error = 0;

  if (channel->grants < 0 || monitor->link_is_full || !find_ring(channel, &ref, &port))
    return;
  channel->state = CHANNEL_OFFERED;
  events = xenevtchn_open(NULL, 0);
  if (events != NULL)
    own = xenevtchn_bind_interdomain(events, channel->domid, port);
  if (own >= 0) {
    offer.port = (uint32_t)own;
    error = map_ring(channel, ref, offer.port, &offer.offset);
  } else {
    error = errno;
  }
  if (error == 0 && tell_relay(monitor, MESSAGE_CHANNEL, 0, &offer, sizeof offer, xenevtchn_fd(events)))
    goto out;
  forget(channel);
  channel->state = CHANNEL_CLOSED;
  note(NOTE_DEBUG, "Cannot map the ring yet: %s", strerror(error));
out:
  if (events != NULL)
    xenevtchn_close(events);
}

void channel_open(struct monitor *monitor) {
  if (monitor->channel.is_vchan)
    offer_ring(monitor);
  else
    offer_socket(monitor);
}
