// SPDX-License-Identifier: Apache-2.0
/*
 * Connects to an agent in a domain over a vchan whose server is the guest. The guest can write the ring indices;
 * libxenvchan masks them and treats impossible ones as an empty ring.
 */
#include "transport/transport.h"

#include <errno.h>
#include <libxenvchan.h>
#include <string.h>

#include "../../../bindings/src/vchan/attach.h"
#include "../../../kernels/agent/proto.h"
#include "main/note.h"

/* Maps, once, the ring that was created for this clone. The agent publishes every later ring. */
static struct libxenvchan *attach(struct transport *transport) {
  uint32_t port = transport->ring_port;
  struct libxenvchan *vchan;

  transport->ring_port = 0;
  vchan = thaw_vchan_attach(transport->domid, transport->ring_ref, port, THAW_DATA_RING_ORDER);
  if (vchan == NULL)
    note(NOTE_ERROR, "Cannot map the ring that was made for it: %s", strerror(errno));
  return vchan;
}

static int vchan_open(struct transport *transport) {
  struct libxenvchan *vchan = transport->ring_port != 0
                                  ? attach(transport)
                                  : libxenvchan_client_init(NULL, (int)transport->domid, transport->path);

  if (vchan == NULL)
    return 0;
  vchan->blocking = 0;
  transport->handle = vchan;
  transport->fd = libxenvchan_fd_for_select(vchan);
  return 1;
}

/* The event channel stays masked until it is read: call this before reading the ring. */
static int vchan_woken(struct transport *transport) {
  return libxenvchan_wait(transport->handle) < 0 ? -1 : 0;
}

static ssize_t vchan_read(struct transport *transport, void *bytes, size_t n) {
  return libxenvchan_read(transport->handle, bytes, n);
}

/* A short write has already requested an event from the guest for when the ring has room. */
static ssize_t vchan_write(struct transport *transport, const void *bytes, size_t n) {
  ssize_t sent = libxenvchan_write(transport->handle, bytes, n);

  transport->blocked = sent >= 0 && sent != (ssize_t)n;
  return sent;
}

static void vchan_close(struct transport *transport) {
  if (transport->handle != NULL)
    libxenvchan_close(transport->handle);
  transport->handle = NULL;
  transport->fd = -1;
}

const struct transport_ops transport_vchan = {
    .of_domain = true,
    .open = vchan_open,
    .woken = vchan_woken,
    .read = vchan_read,
    .write = vchan_write,
    .close = vchan_close,
};
