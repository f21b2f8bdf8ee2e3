// SPDX-License-Identifier: Apache-2.0
/* Runs the relay's process: opens the grant device, drops all access, and relays. */
#include "relay/main.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "relay/loop.h"
#include "relay/to_monitor.h"
#include "relay/walls.h"

#define GRANT_DEVICE "/dev/xen/gntdev"

/* The device maps pages for the process alone that opened it, before Linux 5.5. */
static int grants_open(void) {
  int device = open(GRANT_DEVICE, O_RDWR | O_CLOEXEC);

  if (device >= 0)
    errno = call_grants(device);
  return device >= 0 && errno == 0 ? device : -1;
}

static bool begin(struct message_begin *begin_out) {
  static uint8_t payload[MESSAGE_MAX];
  struct message head;
  int fd;

  if (message_receive(RELAY_LINK, &head, payload, &fd, 0) != 1 || head.type != MESSAGE_BEGIN ||
      head.length != sizeof *begin_out)
    return false;
  memcpy(begin_out, payload, sizeof *begin_out);
  return true;
}

int relay_run(const char *domid) {
  static struct loop loop = {.transport.fd = -1, .transport.ops = &transport_socket, .grants = -1};
  struct message_begin orders;

  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit of a log fails */
  for (unsigned i = 0; i < 3; i++)
    signal((const int[]){SIGHUP, SIGINT, SIGTERM}[i], SIG_IGN); /* the monitor says when to end */
  if (!begin(&orders))
    return 1; /* the monitor ended first */
  note_begin((enum note_level)orders.log_level, "relay");
  tzset(); /* while it may read files */
  loop.relay.log_max = orders.log_max;
  loop.relay.transport = &loop.transport;
  loop.hello_by_ms = clock_ms() + orders.hello_ms;
  if (orders.is_domain != 0 && (loop.grants = grants_open()) < 0)
    relay_lost(&loop.relay, "cannot open %s: %s", GRANT_DEVICE, strerror(errno));
  if (relay_walls((unsigned)strtoul(domid, NULL, 10), orders.log_max) != 0) {
    note(NOTE_ERROR, "Cannot drop its rights: %s", strerror(errno));
    return 1;
  }
  return loop_run(&loop);
}
