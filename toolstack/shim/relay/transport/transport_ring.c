// SPDX-License-Identifier: Apache-2.0
/*
 * Connects to an agent in a domain over a vchan whose server is the guest (xen/io/libxenvchan.h). The guest can change
 * the ring's page at any time: each field is read once and checked. libxenvchan masks the indices and treats impossible
 * ones as an empty ring.
 */
#include "relay/transport/transport.h"

#include <errno.h>
#include <libxenvchan.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xentoollog.h>

#include "../../../../kernels/agent/proto.h"
#include "relay/to_monitor.h"

#define PAGE_BYTES 4096u
#define RING_PAGES (1u << (THAW_DATA_RING_ORDER - 12))

static void log_nothing(struct xentoollog_logger *logger, xentoollog_level level, int errnoval, const char *context,
                        const char *format, va_list arguments) {
  (void)logger;
  (void)level;
  (void)errnoval;
  (void)context;
  (void)format;
  (void)arguments;
}

/* libxenevtchn's own logger asks whether stderr is a terminal, which the relay's filter forbids. Errors return anyway.
 */
static struct xentoollog_logger no_logger = {.vmessage = log_nothing};

static void *map(int device, uint64_t offset, size_t pages) {
  void *at = mmap(NULL, pages * PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)offset);

  return at != MAP_FAILED ? at : NULL;
}

static int map_buffer(struct libxenvchan_ring *ring, int device, const uint32_t *untrusted_refs) {
  uint64_t offset;

  errno = call_map(untrusted_refs, RING_PAGES, &offset);
  if (errno != 0)
    return -1;
  ring->buffer = map(device, offset, RING_PAGES);
  if (ring->buffer == NULL)
    return -1;
  ring->order = THAW_DATA_RING_ORDER;
  return 0;
}

static void unmap_buffer(struct libxenvchan_ring *ring) {
  if (ring->buffer != NULL)
    munmap(ring->buffer, RING_PAGES * PAGE_BYTES);
}

/* libxenvchan_close() unmaps by a grant device of its own, which a relay has not. */
static void vchan_close(struct libxenvchan *vchan) {
  unmap_buffer(&vchan->read);
  unmap_buffer(&vchan->write);
  if (vchan->ring != NULL) {
    vchan->ring->cli_live = 0;
    xenevtchn_notify(vchan->event, (evtchn_port_t)vchan->event_port); /* the agent may wait for room */
    munmap(vchan->ring, PAGE_BYTES);
  }
  if (vchan->event != NULL)
    xenevtchn_close(vchan->event);
  free(vchan);
}

static int map_rings(struct libxenvchan *vchan, int device, uint64_t offset) {
  uint32_t untrusted_refs[2 * RING_PAGES];

  vchan->ring = map(device, offset, 1);
  if (vchan->ring == NULL)
    return -1;
  vchan->write.shr = &vchan->ring->left;
  vchan->read.shr = &vchan->ring->right;
  if (vchan->ring->left_order != THAW_DATA_RING_ORDER || vchan->ring->right_order != THAW_DATA_RING_ORDER) {
    errno = EPROTO;
    return -1;
  }
  memcpy(untrusted_refs, vchan->ring->grants, sizeof untrusted_refs);
  return map_buffer(&vchan->write, device, untrusted_refs) != 0
             ? -1
             : map_buffer(&vchan->read, device, untrusted_refs + RING_PAGES);
}

int transport_ring_open(struct transport *transport, int device, uint64_t offset, int events, uint32_t port) {
  struct libxenvchan *vchan = calloc(1, sizeof *vchan); /* zero: a client that does not block */
  int error;

  if (vchan == NULL) {
    close(events);
    return -1;
  }
  vchan->event = xenevtchn_fdopen(&no_logger, events, 0);
  if (vchan->event == NULL) {
    error = errno;
    close(events);
    goto out;
  }
  vchan->event_port = port;
  if (map_rings(vchan, device, offset) != 0 || xenevtchn_unmask(vchan->event, port) != 0) {
    error = errno;
    goto out;
  }
  vchan->ring->cli_live = 1;
  vchan->ring->srv_notify = VCHAN_NOTIFY_WRITE;
  xenevtchn_notify(vchan->event, port); /* the agent may wait for its client */
  transport->ops = &transport_ring;
  transport->handle = vchan;
  transport->fd = xenevtchn_fd(vchan->event);
  transport->poll_writes = false;
  return 0;
out:
  vchan_close(vchan);
  errno = error;
  return -1;
}

/* The event channel stays masked until it is read: call this before reading the ring. */
static int ring_woken(struct transport *transport) {
  return libxenvchan_wait(transport->handle) < 0 ? -1 : 0;
}

static ssize_t ring_read(struct transport *transport, void *bytes, size_t n) {
  return libxenvchan_read(transport->handle, bytes, n);
}

/* A short write has already requested an event from the guest for when the ring has room. */
static ssize_t ring_write(struct transport *transport, const void *bytes, size_t n) {
  ssize_t sent = libxenvchan_write(transport->handle, bytes, n);

  transport->blocked = sent >= 0 && sent != (ssize_t)n;
  return sent;
}

static void ring_close(struct transport *transport) {
  if (transport->handle != NULL)
    vchan_close(transport->handle);
  transport->handle = NULL;
  transport->fd = -1;
}

const struct transport_ops transport_ring = {
    .woken = ring_woken,
    .read = ring_read,
    .write = ring_write,
    .close = ring_close,
};
