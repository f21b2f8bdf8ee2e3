// SPDX-License-Identifier: Apache-2.0
/*
 * Makes a vchan server. It replaces libxenvchan_server_init because of its use of xenstore: that function opens a
 * connection of its own, holds a transaction (which must not be open when the domain suspends) and takes nine
 * requests instead of two before every clone's hello. It also frees pointers that it never set when a grant fails.
 * After the making, libxenvchan does everything.
 */
#include "transport/vchan_server.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <xen/sys/gntalloc.h>
#include <xengnttab.h>

#define PEER 0 /* dom0 */
#define PAGE_BYTES 4096
#define PAGE_ORDER 12
#define CLIENT_NOT_YET 2 /* a value of vchan_interface's cli_live */

static bool bind_event(struct libxenvchan *vchan) {
  xenevtchn_port_or_error_t port;

  vchan->event = xenevtchn_open(NULL, 0);
  if (!vchan->event)
    return false;
  port = xenevtchn_bind_unbound_port(vchan->event, PEER);
  if (port < 0)
    return false;
  vchan->event_port = (uint32_t)port;
  return xenevtchn_unmask(vchan->event, vchan->event_port) == 0;
}

/*
 * Shares pages without libxengnttab, because that library hides the pages' index in the descriptor, and setting their
 * unmap notification needs the index.
 */
static void *share_pages(int fd, uint16_t count, uint32_t *refs_out, uint64_t *index_out) {
  struct ioctl_gntalloc_alloc_gref *request = calloc(1, sizeof *request + (count - 1u) * sizeof request->gref_ids[0]);
  void *pages = MAP_FAILED;

  if (!request)
    return NULL;
  request->domid = PEER;
  request->flags = GNTALLOC_FLAG_WRITABLE;
  request->count = count;
  if (ioctl(fd, IOCTL_GNTALLOC_ALLOC_GREF, request) == 0)
    pages = mmap(NULL, (size_t)count * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)request->index);
  memcpy(refs_out, request->gref_ids, count * sizeof *refs_out);
  *index_out = request->index;
  free(request);
  return pages == MAP_FAILED ? NULL : pages; /* closing the descriptor frees pages that were not mapped */
}

void agent_vchan_reset(struct agent_vchan *server) {
  struct vchan_interface *ring = server->vchan->ring;
  uint16_t pages = (uint16_t)(1u << (server->order - PAGE_ORDER));
  uint32_t grants[2u << (20 - PAGE_ORDER)];

  memcpy(grants, ring->grants, 2u * pages * sizeof *grants);
  memset(ring, 0, PAGE_BYTES);
  memcpy(ring->grants, grants, 2u * pages * sizeof *grants);
  ring->left_order = ring->right_order = (uint16_t)server->order;
  ring->cli_live = CLIENT_NOT_YET;
  ring->srv_live = 1;
  ring->cli_notify = VCHAN_NOTIFY_WRITE;
}

bool agent_vchan_tell_of_death(const struct agent_vchan *server) {
  const struct libxenvchan *vchan = server->vchan;
  struct ioctl_gntalloc_unmap_notify notify = {
      .index = server->ring_index + offsetof(struct vchan_interface, srv_live),
      .action = vchan->event_port ? UNMAP_NOTIFY_CLEAR_BYTE | UNMAP_NOTIFY_SEND_EVENT : 0,
      .event_channel_port = vchan->event_port,
  };

  return ioctl(xengntshr_fd(vchan->gntshr), IOCTL_GNTALLOC_SET_UNMAP_NOTIFY, &notify) == 0;
}

static bool share(struct agent_vchan *server) {
  struct libxenvchan *vchan = server->vchan;
  uint16_t pages = (uint16_t)(1u << (server->order - PAGE_ORDER));
  int fd = xengntshr_fd(vchan->gntshr);
  uint64_t index;

  vchan->ring = share_pages(fd, 1, &server->ring_ref, &server->ring_index);
  if (!vchan->ring || !agent_vchan_tell_of_death(server))
    return false;
  vchan->read.shr = &vchan->ring->left;
  vchan->write.shr = &vchan->ring->right;
  vchan->read.buffer = share_pages(fd, pages, vchan->ring->grants, &index);
  if (!vchan->read.buffer)
    return false;
  vchan->read.order = server->order;
  vchan->write.buffer = share_pages(fd, pages, vchan->ring->grants + pages, &index);
  if (!vchan->write.buffer)
    return false;
  vchan->write.order = server->order;
  agent_vchan_reset(server);
  return true;
}

bool agent_vchan_make(struct agent_vchan *server, int order) {
  /* zero means: not blocking, no xenstore path for close to remove; close leaves rings of order 0 alone */
  struct libxenvchan *vchan = calloc(1, sizeof *vchan);

  *server = (struct agent_vchan){.vchan = vchan, .order = order};
  if (!vchan)
    return false;
  vchan->is_server = 1;
  vchan->gntshr = xengntshr_open(NULL, 0);
  if (!vchan->gntshr) {
    free(vchan);
    server->vchan = NULL;
    return false;
  }
  if (bind_event(vchan) && share(server))
    return true;
  agent_vchan_close(server);
  return false;
}

void agent_vchan_close(struct agent_vchan *server) {
  if (server->vchan)
    libxenvchan_close(server->vchan);
  server->vchan = NULL;
}
