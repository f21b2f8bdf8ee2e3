// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps a channel's rings through a freeze. Their pages stay in place and shared. A clone's grant table and event
 * channels are new: dom0 fills the grant table like the template's and makes a port for each ring. So a clone offers
 * its channels without a request to xenstore.
 */
#define _GNU_SOURCE
#include "transport/vchan_server.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PAGE_BYTES 4096u
#define PAGE_ORDER 12
/* An entry of /proc/PID/pagemap (Linux, admin-guide/mm/pagemap). */
#define ENTRY_PRESENT (1ull << 63)
#define ENTRY_FRAME ((1ull << 55) - 1)

/* linux/xen/evtchn.h, since 6.6; Xen's copy of it lacks it */
#ifndef IOCTL_EVTCHN_BIND_STATIC
#define IOCTL_EVTCHN_BIND_STATIC _IOC(_IOC_NONE, 'E', 7, sizeof(struct ioctl_evtchn_bind))
struct ioctl_evtchn_bind {
  unsigned int port;
};
#endif

static bool frame_of(int pagemap, const void *page, uint32_t *frame_out) {
  uint64_t entry;

  if (pread(pagemap, &entry, sizeof entry, (off_t)((uintptr_t)page / PAGE_BYTES * sizeof entry)) != sizeof entry ||
      !(entry & ENTRY_PRESENT) || (entry & ENTRY_FRAME) == 0 || (entry & ENTRY_FRAME) > UINT32_MAX)
    return false;
  *frame_out = (uint32_t)(entry & ENTRY_FRAME);
  return true;
}

size_t agent_vchan_describe(const struct agent_vchan *server, struct thaw_ring_page *pages_out, size_t most) {
  size_t each = (size_t)1 << (server->order - PAGE_ORDER), count = 1 + 2 * each;
  const struct libxenvchan *vchan = server->vchan;
  int pagemap;

  if (count > most)
    return 0;
  pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
  if (pagemap < 0)
    return 0;
  for (size_t i = 0; i < count; i++) {
    const struct libxenvchan_ring *way = i <= each ? &vchan->read : &vchan->write;
    const void *page = i == 0 ? (const void *)vchan->ring : (char *)way->buffer + (i - 1) % each * PAGE_BYTES;

    pages_out[i].ref = i == 0 ? server->ring_ref : vchan->ring->grants[i - 1];
    if (!frame_of(pagemap, page, &pages_out[i].frame)) {
      count = 0;
      break;
    }
  }
  close(pagemap);
  return count;
}

bool agent_vchan_keep(struct agent_vchan *server) {
  struct libxenvchan *vchan = server->vchan;
  size_t bytes = (size_t)1 << server->order;

  /* the kernel must forget the port: in a clone it means another channel, or none */
  vchan->event_port = 0;
  if (!agent_vchan_tell_of_death(server))
    return false;
  xenevtchn_close(vchan->event);
  vchan->event = NULL;
  agent_vchan_reset(server);
  memset(vchan->read.buffer, 0, bytes); /* zero pages are not copied */
  memset(vchan->write.buffer, 0, bytes);
  return true;
}

bool agent_vchan_adopt(struct agent_vchan *server, uint32_t port) {
  struct ioctl_evtchn_bind bind = {.port = port};
  struct libxenvchan *vchan = server->vchan;

  vchan->event = xenevtchn_open(NULL, 0);
  if (!vchan->event || ioctl(xenevtchn_fd(vchan->event), IOCTL_EVTCHN_BIND_STATIC, &bind) != 0)
    return false;
  vchan->event_port = port;
  return xenevtchn_unmask(vchan->event, port) == 0 && agent_vchan_tell_of_death(server);
}
