// SPDX-License-Identifier: Apache-2.0
/* Watches xenstore without a library's thread. */
#include "monitor/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xen/io/xs_wire.h>

#define TOKEN "shim"

/* xenstored's sockets. If xenstored runs in its own domain, the kernel's devices replace them. */
static const char *const sockets[] = {"/run/xenstored/socket", "/var/run/xenstored/socket"};
static const char *const devices[] = {"/dev/xen/xenbus", "/proc/xen/xenbus"};

int watch_open(struct watch *watch) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};

  for (unsigned i = 0; i < 2; i++) {
    watch->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (watch->fd < 0)
      return -1;
    strcpy(address.sun_path, sockets[i]);
    if (connect(watch->fd, (struct sockaddr *)&address, sizeof address) == 0)
      return 0;
    close(watch->fd);
  }
  for (unsigned i = 0; i < 2; i++) {
    watch->fd = open(devices[i], O_RDWR | O_CLOEXEC);
    if (watch->fd >= 0)
      return 0;
  }
  return -1;
}

/* Sends one message in one write: device and socket take it whole or in order, never interleaved. */
static int ask(struct watch *watch, uint32_t type, const char *path) {
  struct {
    struct xsd_sockmsg head;
    char body[XENSTORE_ABS_PATH_MAX + sizeof TOKEN + 1];
  } message = {.head = {.type = type}};
  size_t path_size = strlen(path) + 1;

  if (path_size > XENSTORE_ABS_PATH_MAX) {
    errno = ENAMETOOLONG;
    return -1;
  }
  memcpy(message.body, path, path_size);
  memcpy(message.body + path_size, TOKEN, sizeof TOKEN);
  message.head.len = (uint32_t)(path_size + sizeof TOKEN);
  ssize_t size = (ssize_t)(sizeof message.head + message.head.len);

  return write(watch->fd, &message, (size_t)size) == size ? 0 : -1;
}

int watch_add(struct watch *watch, const char *path) {
  return ask(watch, XS_WATCH, path);
}

int watch_remove(struct watch *watch, const char *path) {
  return ask(watch, XS_UNWATCH, path);
}

/* Call when poll reports the descriptor readable: this one read then does not block. */
void watch_drain(struct watch *watch) {
  char bytes[4096];
  ssize_t n = read(watch->fd, bytes, sizeof bytes);

  if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
    watch_close(watch);
}

void watch_close(struct watch *watch) {
  if (watch->fd >= 0)
    close(watch->fd);
  watch->fd = -1;
}
