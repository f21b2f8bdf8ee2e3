// SPDX-License-Identifier: Apache-2.0
/* Starts the relay, and opens the socket and the watch on the domain, before the loop runs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/spawn_child.h"
#include "monitor/listen.h"
#include "monitor/monitor.h"

#ifdef __SANITIZE_ADDRESS__
#define RELAY_NAMESPACES 0 /* the leak check looks for its own process in proc */
#else
#include <sched.h>
#define RELAY_NAMESPACES CLONE_NEWPID
#endif

/* The relay gets the other ends. */
static int relay_start(struct monitor *monitor) {
  const struct message head = {MESSAGE_BEGIN, 0, 0, sizeof monitor->begin};
  char domid[16];
  char *argv[] = {"thaw-shim", "--relay", domid, NULL};
  int link[2] = {-1, -1}, calls[2] = {-1, -1}, error;

  snprintf(domid, sizeof domid, "%u", monitor->channel.domid);
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, link) != 0 ||
      socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, calls) != 0)
    error = errno;
  else
    error = spawn_child(argv, (int[2]){link[1], calls[1]}, 2, geteuid() == 0 ? RELAY_NAMESPACES : 0, &monitor->relay);
  for (unsigned i = 0; i < 2; i++)
    if ((i == 0 ? link : calls)[1] >= 0)
      close((i == 0 ? link : calls)[1]);
  monitor->link = link[0];
  monitor->calls = calls[0];
  if (error == 0 && message_send(monitor->link, &head, &monitor->begin, -1, 0) != 0)
    error = errno;
  if (error != 0)
    note(NOTE_ERROR, "Cannot start the relay: %s", strerror(error));
  return error == 0 ? 0 : -1;
}

int monitor_start(struct monitor *monitor) {
  monitor->listen_fd = listen_open(monitor->dir);
  if (monitor->listen_fd < 0) {
    note(NOTE_ERROR, "Cannot make the socket in %s: %s", monitor->dir,
         errno == EADDRINUSE ? "another thaw-shim has it" : strerror(errno));
    return -1;
  }
  monitor->begin.log_level = note_level();
  if (relay_start(monitor) != 0)
    return -1;
  if (monitor->begin.is_domain == 0)
    return 0;
  monitor->domain = domain_open(monitor->channel.domid, monitor->channel.path);
  if (monitor->domain == NULL && errno == ESRCH)
    monitor_end(monitor, "no such domain");
  else if (monitor->domain == NULL)
    monitor_end(monitor, "cannot watch the domain: %s", strerror(errno));
  return 0;
}
