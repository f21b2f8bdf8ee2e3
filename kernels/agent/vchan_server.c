// SPDX-License-Identifier: Apache-2.0
/*
 * How does the guest offer a vchan? As libxenvchan_server_init does, short of xenstore: that opens a connection
 * of its own, holds a transaction (which must not be open when the domain suspends) and takes nine requests
 * for what two will do, on every clone's way to its hello. It also frees what it never set when a grant
 * fails. Everything after the making is libxenvchan's.
 */
#include "vchan_server.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <xengnttab.h>

#define PEER 0 /* dom0 */
#define PAGE_BYTES 4096
#define PAGE_ORDER 12
#define CLIENT_NOT_YET 2 /* of vchan_interface's cli_live */

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

static bool share(struct libxenvchan *vchan, int order, uint32_t *ring_ref_out) {
  int pages = 1 << (order - PAGE_ORDER);
  struct vchan_interface *ring;

  /* when this process dies the kernel clears srv_live and tells dom0 */
  ring = xengntshr_share_page_notify(vchan->gntshr, PEER, ring_ref_out, 1, offsetof(struct vchan_interface, srv_live),
                                     vchan->event_port);
  if (!ring)
    return false;
  memset(ring, 0, PAGE_BYTES);
  vchan->ring = ring;
  vchan->read.shr = &ring->left;
  vchan->write.shr = &ring->right;
  ring->left_order = ring->right_order = (uint16_t)order;
  ring->cli_live = CLIENT_NOT_YET;
  ring->srv_live = 1;
  ring->cli_notify = VCHAN_NOTIFY_WRITE;
  vchan->read.buffer = xengntshr_share_pages(vchan->gntshr, PEER, pages, ring->grants, 1);
  if (!vchan->read.buffer)
    return false;
  vchan->read.order = order;
  vchan->write.buffer = xengntshr_share_pages(vchan->gntshr, PEER, pages, ring->grants + pages, 1);
  if (!vchan->write.buffer)
    return false;
  vchan->write.order = order;
  return true;
}

struct libxenvchan *agent_vchan_server(int order, uint32_t *ring_ref_out) {
  /* zero: not blocking, no xenstore path that closing would remove; orders of 0 are rings that closing leaves alone */
  struct libxenvchan *vchan = calloc(1, sizeof *vchan);

  if (!vchan)
    return NULL;
  vchan->is_server = 1;
  vchan->gntshr = xengntshr_open(NULL, 0);
  if (!vchan->gntshr) {
    free(vchan);
    return NULL;
  }
  if (!bind_event(vchan) || !share(vchan, order, ring_ref_out)) {
    libxenvchan_close(vchan);
    return NULL;
  }
  return vchan;
}
