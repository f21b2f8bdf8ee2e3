// SPDX-License-Identifier: Apache-2.0
/* Creates the shim's socket, and removes it. */
#include "monitor/listen.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int socket_address(const char *dir, struct sockaddr_un *address_out) {
  address_out->sun_family = AF_UNIX;
  int n = snprintf(address_out->sun_path, sizeof address_out->sun_path, "%s/shim.sock", dir);

  if (n < 0 || (size_t)n >= sizeof address_out->sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  return 0;
}

int listen_open(const char *dir) {
  struct sockaddr_un address;
  int fd = -1, probe = -1, rc = -1;

  if (socket_address(dir, &address) != 0)
    goto out;
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || probe < 0)
    goto out;
  if (connect(probe, (struct sockaddr *)&address, sizeof address) == 0) {
    errno = EADDRINUSE;
    goto out;
  }
  if (errno == ECONNREFUSED)
    unlink(address.sun_path);
  if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0)
    rc = fd;
out:
  if (probe >= 0)
    close(probe);
  if (rc < 0 && fd >= 0) {
    int error = errno;

    close(fd);
    errno = error;
  }
  return rc;
}

void listen_close(const char *dir, int fd) {
  struct sockaddr_un address;

  if (socket_address(dir, &address) == 0)
    unlink(address.sun_path);
  close(fd);
}
