// SPDX-License-Identifier: Apache-2.0
/*
 * Accesses xenstore by one descriptor of /dev/xen/xenbus for the agent's whole life: the kernel carries it, watch
 * included, across a suspend, and libxenstore would start a thread for it.
 */
#include "proto.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

static int device = -1;
static char payload[XENSTORE_PAYLOAD_MAX + 1];

#define WAKE_TOKEN "thaw"
#define TOLD_TOKEN "told"
static bool asks_told, is_told;

static bool read_exactly(void *data, size_t size) {
  for (size_t have = 0; have < size;) {
    ssize_t r = read(device, (char *)data + have, size - have);

    if (r == 0 || (r < 0 && errno != EINTR))
      return false;
    if (r > 0)
      have += (size_t)r;
  }
  return true;
}

/* An event consists of the path and the token, each with its NUL (xenbus_dev_frontend.c). */
static void note_event(size_t length) {
  size_t path = strlen(payload) + 1;

  if (path < length && strcmp(payload + path, TOLD_TOKEN) == 0)
    is_told = true;
}

/* Reads one message into payload; returns its length or -1. */
static int receive(uint32_t *type_out) {
  struct xsd_sockmsg header;

  if (!read_exactly(&header, sizeof header) || header.len > XENSTORE_PAYLOAD_MAX || !read_exactly(payload, header.len))
    return -1;
  payload[header.len] = '\0';
  if (header.type == XS_WATCH_EVENT)
    note_event(header.len);
  *type_out = header.type;
  return (int)header.len;
}

/* Sends a request, reads its reply and the watch events before it; returns the reply's length or -1. */
static int request(uint32_t type, const char *const *parts, const size_t *sizes, int count) {
  static char message[sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX];
  struct xsd_sockmsg header = {.type = type};
  uint32_t reply;
  int length;

  for (int i = 0; i < count; i++) {
    if (sizes[i] > XENSTORE_PAYLOAD_MAX - header.len)
      return -1;
    memcpy(message + sizeof header + header.len, parts[i], sizes[i]);
    header.len += (uint32_t)sizes[i];
  }
  memcpy(message, &header, sizeof header);
  if (write(device, message, sizeof header + header.len) < 0)
    return -1;
  do
    length = receive(&reply);
  while (length >= 0 && reply == XS_WATCH_EVENT);
  if (length >= 0 && reply == XS_ERROR)
    errno = strcmp(payload, "ENOENT") == 0 ? ENOENT : EIO;
  return length >= 0 && reply == type ? length : -1;
}

bool agent_store_is_real(void) {
  return true;
}

bool agent_store_open(void) {
  device = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
  return device >= 0;
}

bool agent_store_write(const char *path, const char *value) {
  const char *parts[] = {path, value};
  size_t sizes[] = {strlen(path) + 1, strlen(value)};

  return request(XS_WRITE, parts, sizes, 2) >= 0;
}

bool agent_store_read(const char *path, char *value, size_t size) {
  size_t sizes[] = {strlen(path) + 1};
  int length = request(XS_READ, &path, sizes, 1);

  if (length < 0 || (size_t)length >= size)
    return false;
  memcpy(value, payload, (size_t)length + 1);
  return true;
}

bool agent_store_remove(const char *path) {
  size_t sizes[] = {strlen(path) + 1};

  errno = 0;
  return request(XS_RM, &path, sizes, 1) >= 0 || errno == ENOENT;
}

static bool change_watch(uint32_t type, const char *path, const char *token) {
  const char *parts[] = {path, token};
  size_t sizes[] = {strlen(path) + 1, strlen(token) + 1};

  return request(type, parts, sizes, 2) >= 0;
}

bool agent_store_watch(const char *path) {
  return change_watch(XS_WATCH, path, WAKE_TOKEN);
}

bool agent_store_ask_told(void) {
  is_told = false;
  asks_told = change_watch(XS_WATCH, THAW_XS_STATE, TOLD_TOKEN);
  return asks_told;
}

bool agent_store_is_told(void) {
  return is_told;
}

void agent_store_end_told(void) {
  if (asks_told)
    change_watch(XS_UNWATCH, THAW_XS_STATE, TOLD_TOKEN);
  asks_told = false;
}

int agent_store_fd(void) {
  return device;
}

void agent_store_drain(void) {
  struct pollfd readable = {.fd = device, .events = POLLIN};
  uint32_t type;

  while (poll(&readable, 1, 0) == 1 && receive(&type) >= 0)
    ;
}
