// SPDX-License-Identifier: Apache-2.0
/* Attaches to a known ring. The server can change the ring's page at any time: read it once, and check it. */
#include "attach.h"

#include <errno.h>
#include <libxenvchan.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE_ORDER 12
#define ORDER_MOST 20

static bool bind_event(struct libxenvchan *vchan, unsigned domid, uint32_t port) {
  xenevtchn_port_or_error_t own;

  vchan->event = xenevtchn_open(NULL, 0);
  if (!vchan->event)
    return false;
  own = xenevtchn_bind_interdomain(vchan->event, domid, port);
  if (own < 0)
    return false;
  vchan->event_port = (uint32_t)own;
  return xenevtchn_unmask(vchan->event, vchan->event_port) == 0;
}

static bool map(struct libxenvchan *vchan, unsigned domid, uint32_t ring_ref, int order) {
  uint32_t untrusted_refs[2u << (ORDER_MOST - PAGE_ORDER)], pages = 1u << (order - PAGE_ORDER);
  struct vchan_interface *ring;

  vchan->gnttab = xengnttab_open(NULL, 0);
  if (!vchan->gnttab)
    return false;
  ring = xengnttab_map_grant_ref_notify(vchan->gnttab, domid, ring_ref, PROT_READ | PROT_WRITE,
                                        offsetof(struct vchan_interface, cli_live), vchan->event_port);
  if (!ring)
    return false;
  vchan->ring = ring;
  vchan->write.shr = &ring->left;
  vchan->read.shr = &ring->right;
  if (ring->left_order != order || ring->right_order != order) {
    errno = EPROTO;
    return false;
  }
  memcpy(untrusted_refs, ring->grants, 2 * pages * sizeof *untrusted_refs);
  vchan->write.buffer =
      xengnttab_map_domain_grant_refs(vchan->gnttab, pages, domid, untrusted_refs, PROT_READ | PROT_WRITE);
  if (!vchan->write.buffer)
    return false;
  vchan->write.order = order;
  vchan->read.buffer =
      xengnttab_map_domain_grant_refs(vchan->gnttab, pages, domid, untrusted_refs + pages, PROT_READ | PROT_WRITE);
  if (!vchan->read.buffer)
    return false;
  vchan->read.order = order;
  return true;
}

struct libxenvchan *thaw_vchan_attach(unsigned domid, uint32_t ring_ref, uint32_t port, int order) {
  struct libxenvchan *vchan;
  int error;

  if (order < PAGE_ORDER || order > ORDER_MOST) {
    errno = EINVAL;
    return NULL;
  }
  /* zero: a client, not blocking; closing leaves rings of order 0 alone */
  vchan = calloc(1, sizeof *vchan);
  if (!vchan)
    return NULL;
  if (!bind_event(vchan, domid, port) || !map(vchan, domid, ring_ref, order)) {
    error = errno;
    libxenvchan_close(vchan);
    errno = error;
    return NULL;
  }
  vchan->ring->cli_live = 1;
  vchan->ring->srv_notify = VCHAN_NOTIFY_WRITE;
  xenevtchn_notify(vchan->event, vchan->event_port); /* the server may wait for its client */
  return vchan;
}
