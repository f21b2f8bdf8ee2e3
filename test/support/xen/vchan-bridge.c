// SPDX-License-Identifier: Apache-2.0
/*
 * Connects a domain's vchan to stdin and stdout without thaw, for tests in dom0: vchan-bridge DOMID PATH [SECONDS].
 * It is the client, and waits for the server to appear. Exits with 0 when stdin ends, 3 when the server closes.
 */
#include <errno.h>
#include <fcntl.h>
#include <libxenvchan.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct libxenvchan *vchan;
static char in[65536], out[65536];
static size_t in_length, in_done;

static int connect_within(int domain, const char *path, int seconds) {
  char full[256];
  time_t end = time(NULL) + seconds;

  snprintf(full, sizeof full, "/local/domain/%d/%s", domain, path);
  while (!(vchan = libxenvchan_client_init(NULL, domain, full)) && time(NULL) < end)
    usleep(5000);
  return vchan ? 0 : -1;
}

static int write_out(size_t length) {
  for (size_t done = 0; done < length;) {
    ssize_t put = write(1, out + done, length - done);

    if (put < 0)
      return -1;
    done += (size_t)put;
  }
  return 0;
}

/* Moves the available data. Returns 1 to continue, 0 when the server has closed. */
static int pump(void) {
  int got, put;

  while ((got = libxenvchan_read(vchan, out, sizeof out)) > 0)
    if (write_out((size_t)got) != 0)
      return 0;
  while (in_done < in_length && (put = libxenvchan_write(vchan, in + in_done, in_length - in_done)) > 0)
    in_done += (size_t)put;
  return libxenvchan_is_open(vchan) != 0;
}

int main(int argc, char **argv) {
  struct pollfd polled[2] = {{.events = POLLIN}, {.events = POLLIN}};

  if (argc < 3 || connect_within(atoi(argv[1]), argv[2], argc > 3 ? atoi(argv[3]) : 60) != 0) {
    fprintf(stderr, "vchan-bridge: cannot connect\n");
    return 1;
  }
  vchan->blocking = 0;
  while (pump()) {
    polled[0].fd = in_done < in_length ? -1 : 0;
    polled[1].fd = libxenvchan_fd_for_select(vchan);
    if (poll(polled, 2, -1) < 0 && errno != EINTR)
      return 1;
    if (polled[1].revents)
      libxenvchan_wait(vchan);
    if (polled[0].fd == 0 && polled[0].revents) {
      ssize_t got = read(0, in, sizeof in);

      if (got <= 0) {
        libxenvchan_close(vchan);
        return 0;
      }
      in_length = (size_t)got;
      in_done = 0;
    }
  }
  libxenvchan_close(vchan);
  return 3;
}
