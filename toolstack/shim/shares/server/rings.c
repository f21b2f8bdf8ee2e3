// SPDX-License-Identifier: Apache-2.0
/*
 * Transports requests and replies through memory that the guest can write at any time. The server reads each of the
 * guest's indexes once and checks it, keeps its own indexes here, and answers a request only from a copy.
 */
#include "shares/server/rings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <xen/io/9pfs.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PAGE_ORDER 12
#define ORDER_MOST 9u
#define HEAD_BYTES 7u /* size[4] type[1] tag[2] */

struct ring {
  struct xen_9pfs_data_intf *shared;
  uint8_t *replies, *requests; /* each a half of the data pages */
  uint32_t size;               /* bytes of a half */
  uint32_t out_cons, in_prod;  /* bytes taken and given by the server, whatever the guest writes */
  evtchn_port_t port;
};

struct rings {
  xengnttab_handle *grants;
  xenevtchn_handle *events;
  struct ring ring[THAW_SHARE_RINGS];
  unsigned turn;
};

/* Continues at another server's indexes, read from the ring. Forging them gives a guest no more than forging its own.
 */
static void ring_resume(const struct rings *rings, struct ring *ring) {
  ring->out_cons = __atomic_load_n(&ring->shared->out_cons, __ATOMIC_ACQUIRE);
  ring->in_prod = __atomic_load_n(&ring->shared->in_prod, __ATOMIC_ACQUIRE);
  /* the event of the last reply may have been lost with the other domain */
  xenevtchn_notify(rings->events, ring->port);
}

static int ring_map(struct rings *rings, struct ring *ring, unsigned domid, uint32_t ref, uint32_t port) {
  uint32_t untrusted_refs[1u << ORDER_MOST], untrusted_order;
  xenevtchn_port_or_error_t own;
  uint8_t *data;

  ring->shared = xengnttab_map_grant_ref(rings->grants, domid, ref, PROT_READ | PROT_WRITE);
  if (ring->shared == NULL)
    return -1;
  untrusted_order = __atomic_load_n(&ring->shared->ring_order, __ATOMIC_ACQUIRE);
  if (untrusted_order < 1 || untrusted_order > ORDER_MOST ||
      (1u << (untrusted_order + PAGE_ORDER - 1)) < THAW_SHARE_MSIZE) {
    errno = EPROTO;
    return -1;
  }
  for (uint32_t i = 0; i < 1u << untrusted_order; i++)
    untrusted_refs[i] = __atomic_load_n(&ring->shared->ref[i], __ATOMIC_RELAXED);
  data = xengnttab_map_domain_grant_refs(rings->grants, 1u << untrusted_order, domid, untrusted_refs,
                                         PROT_READ | PROT_WRITE);
  if (data == NULL)
    return -1;
  ring->size = 1u << (untrusted_order + PAGE_ORDER - 1);
  ring->replies = data;
  ring->requests = data + ring->size;
  own = xenevtchn_bind_interdomain(rings->events, domid, port);
  if (own < 0)
    return -1;
  ring->port = (evtchn_port_t)own;
  return 0;
}

/* Unmaps nothing on failure: the process then ends, and the kernel unmaps the rings. */
struct rings *rings_map(unsigned domid, const struct thaw_share *untrusted, bool resumes, char *text, size_t size) {
  struct rings *rings = calloc(1, sizeof *rings);

  if (rings != NULL)
    rings->grants = xengnttab_open(NULL, 0);
  if (rings != NULL && rings->grants != NULL)
    rings->events = xenevtchn_open(NULL, 0);
  if (rings == NULL || rings->events == NULL) {
    snprintf(text, size, "Cannot use Xen's grants and events: %s", strerror(errno));
    return NULL;
  }
  for (unsigned i = 0; i < THAW_SHARE_RINGS; i++) {
    if (ring_map(rings, &rings->ring[i], domid, untrusted->refs[i], untrusted->ports[i]) != 0) {
      snprintf(text, size, "Cannot map ring %u of domain %u: %s", i, domid, strerror(errno));
      return NULL;
    }
    if (resumes)
      ring_resume(rings, &rings->ring[i]);
  }
  /* the mappings stay, and the server can map nothing more */
  xengnttab_close(rings->grants);
  rings->grants = NULL;
  return rings;
}

int rings_fd(const struct rings *rings) {
  return xenevtchn_fd(rings->events);
}

int rings_woken(struct rings *rings) {
  xenevtchn_port_or_error_t port = xenevtchn_pending(rings->events);

  return port < 0 ? -1 : xenevtchn_unmask(rings->events, (evtchn_port_t)port);
}

static void take(const struct ring *ring, uint8_t *to, uint32_t n) {
  uint32_t at = ring->out_cons & (ring->size - 1), first = ring->size - at;

  if (first > n)
    first = n;
  memcpy(to, ring->requests + at, first);
  memcpy(to + first, ring->requests, n - first);
}

/* Like rings_next(), for one ring. */
static ssize_t ring_next(struct ring *ring, uint8_t *request) {
  uint32_t queued = __atomic_load_n(&ring->shared->out_prod, __ATOMIC_ACQUIRE) - ring->out_cons;
  uint32_t unread = ring->in_prod - __atomic_load_n(&ring->shared->in_cons, __ATOMIC_ACQUIRE), size;

  if (queued > ring->size || unread > ring->size)
    return -1;
  if (queued < HEAD_BYTES || ring->size - unread < THAW_SHARE_MSIZE)
    return 0;
  take(ring, request, HEAD_BYTES);
  memcpy(&size, request, sizeof size);
  if (size < HEAD_BYTES || size > THAW_SHARE_MSIZE)
    return -1;
  if (size > queued)
    return 0;
  take(ring, request, size);
  /* the guest may have changed the length meanwhile: put the checked one into the copy */
  memcpy(request, &size, sizeof size);
  ring->out_cons += size;
  __atomic_store_n(&ring->shared->out_cons, ring->out_cons, __ATOMIC_RELEASE);
  return (ssize_t)size;
}

ssize_t rings_next(struct rings *rings, uint8_t request[THAW_SHARE_MSIZE], unsigned *ring_out) {
  for (unsigned i = 0; i < THAW_SHARE_RINGS; i++) {
    unsigned number = (rings->turn + i) % THAW_SHARE_RINGS;
    ssize_t n = ring_next(&rings->ring[number], request);

    if (n == 0)
      continue;
    rings->turn = number + 1;
    *ring_out = number;
    return n;
  }
  return 0;
}

void rings_reply(struct rings *rings, unsigned number, const uint8_t *reply, size_t n) {
  struct ring *ring = &rings->ring[number];
  uint32_t at = ring->in_prod & (ring->size - 1), first = ring->size - at;

  if (first > n)
    first = (uint32_t)n;
  memcpy(ring->replies + at, reply, first);
  memcpy(ring->replies, reply + first, n - first);
  ring->in_prod += (uint32_t)n;
  __atomic_store_n(&ring->shared->in_prod, ring->in_prod, __ATOMIC_RELEASE);
  xenevtchn_notify(rings->events, ring->port);
}
