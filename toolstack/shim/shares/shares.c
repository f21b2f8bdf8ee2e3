// SPDX-License-Identifier: Apache-2.0
/* Starts and ends the sandbox's 9P servers, and handles a server that ends by itself. */
#include "shares/shares.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn_child.h"
#include "link/descriptor.h"
#include "monitor/peer.h"
#include "shares/share_server.h"

static void shared(struct peer *peer, uint32_t device, enum thaw_error error, const char *text) {
  peer_reply(peer, THAW_SHARED, device, error, text);
}

static void answer(struct share_server *server, enum thaw_error error, const char *text) {
  if (server->asked != NULL)
    shared(server->asked, server->device, error, text);
  server->asked = NULL;
}

/* Tells a server to end. A server that waits for a disk ends only once the disk answers. */
static void end(struct share_server *server) {
  if (server->socket < 0)
    return;
  shares_snapshot_end(server);
  close(server->socket);
  server->socket = -1;
  syscall(SYS_pidfd_send_signal, server->process, SIGKILL, NULL, 0);
}

/* Passes `snapshot` along unless it is -1; the caller keeps it. Returns 0 or an errno. */
static int start(struct monitor *monitor, struct share_server *server, const uint8_t *payload, uint32_t length,
                 int snapshot) {
  char domid[16], page[16];
  char *argv[] = {"thaw-shim", "--files", domid, page, NULL};
  int pair[2], error;

  if (monitor->share_budget == NULL)
    monitor->share_budget = shared_budget_new();
  if (monitor->share_budget == NULL)
    return errno;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return errno;
  server->budget_page = shared_budget_claim(monitor->share_budget);
  snprintf(domid, sizeof domid, "%u", monitor->channel.domid);
  snprintf(page, sizeof page, "%u", server->budget_page);
  /* the first process of a PID namespace: it sees no other */
  error = spawn_child(argv, (int[2]){pair[1], shared_budget_fd(monitor->share_budget)}, 2, CLONE_NEWPID, &server->pid);
  close(pair[1]);
  if (error != 0) {
    shared_budget_release(monitor->share_budget, server->budget_page);
    close(pair[0]);
    return error;
  }
  server->socket = pair[0];
  server->process = (int)syscall(SYS_pidfd_open, server->pid, 0);
  if (server->process < 0) {
    error = errno;
    close(server->socket); /* this ends the server, which has no request yet */
    waitpid(server->pid, NULL, 0);
    shared_budget_release(monitor->share_budget, server->budget_page);
    return error;
  }
  /* a server that cannot be reached ends without a message, like a killed one */
  if (descriptor_send(server->socket, payload, length, snapshot) != 0)
    end(server);
  return 0;
}

struct share_server *shares_find(const struct monitor *monitor, uint32_t device) {
  struct share_server *server = monitor->share_servers;

  while (server != NULL && server->device != device)
    server = server->next;
  return server;
}

void shares_start(struct monitor *monitor, struct peer *peer, uint32_t device, const uint8_t *payload,
                  uint32_t length) {
  struct share_server *server;
  char text[256];
  int error, snapshot;

  if (monitor_lost(monitor) != NULL) {
    shared(peer, device, THAW_E_STATE, monitor_lost(monitor));
    return;
  }
  if (shares_find(monitor, device) != NULL) {
    shared(peer, device, THAW_E_STATE, "Cannot share files: the device has a server already");
    return;
  }
  if (monitor->share_server_count == SHARES_SERVERS_MAX || !monitor->channel.is_domain) {
    shared(peer, device, THAW_E_STATE,
           monitor->share_server_count == SHARES_SERVERS_MAX ? "Cannot share files: there are too many servers"
                                                             : "Cannot share files: there is no domain");
    return;
  }
  if (!shares_snapshot_open(payload, &length, &snapshot, text, sizeof text)) {
    shared(peer, device, THAW_E_INTERNAL, text);
    return;
  }
  server = calloc(1, sizeof *server);
  error = server != NULL ? start(monitor, server, payload, length, snapshot) : ENOMEM;
  if (snapshot >= 0)
    close(snapshot);
  if (error != 0) {
    free(server);
    shared(peer, device, THAW_E_INTERNAL, strerror(error));
    return;
  }
  server->device = device;
  server->asked = peer;
  server->next = monitor->share_servers;
  monitor->share_servers = server;
  monitor->share_server_count++;
}

void shares_stop(struct monitor *monitor, struct peer *peer, uint32_t device) {
  struct share_server *server = shares_find(monitor, device);

  if (server == NULL) {
    peer_reply(peer, THAW_UNSHARED, device, 0, "");
    return;
  }
  answer(server, THAW_E_STATE, "Its device was unshared before it served");
  end(server);
  /* only the latest requester gets the answer: an earlier one belongs to a dead thawd, or asks twice */
  server->ended = peer;
}

nfds_t shares_poll(const struct monitor *monitor, struct pollfd *fds) {
  nfds_t n = 0;

  for (const struct share_server *server = monitor->share_servers; server != NULL; server = server->next)
    fds[n++] = (struct pollfd){.fd = server->socket >= 0 ? server->socket : server->process, .events = POLLIN};
  return n;
}

static void hear(struct monitor *monitor, struct share_server *server) {
  char text[320];
  ssize_t n = recv(server->socket, text, sizeof text - 1, MSG_DONTWAIT);

  if (n < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  text[n > 0 ? n : 0] = '\0';
  if (strcmp(text, SHARES_SERVED) == 0 && !server->served) {
    server->served = true;
    answer(server, 0, "");
    return;
  }
  if (server->served && shares_snapshot_receive(server, text))
    return;
  end(server);
  answer(server, THAW_E_INTERNAL, n > 0 ? text : "The file server ended before it served");
  if (server->served)
    monitor_end(monitor, "its file server ended%s%s", n > 0 ? ": " : "", text);
}

static void server_free(struct monitor *monitor, struct share_server *server) {
  struct share_server **link = &monitor->share_servers;

  answer(server, THAW_E_INTERNAL, "The file server ended before it served");

  while (*link != server)
    link = &(*link)->next;
  *link = server->next;
  monitor->share_server_count--;
  shared_budget_release(monitor->share_budget, server->budget_page);
  close(server->process);
  free(server);
}

void shares_turn(struct monitor *monitor, const struct pollfd *fds) {
  for (struct share_server *server = monitor->share_servers, *next; server != NULL; server = next, fds++) {
    next = server->next;
    if (fds->revents == 0)
      continue;
    if (server->socket >= 0) {
      hear(monitor, server);
    } else if (waitpid(server->pid, NULL, WNOHANG) != 0) {
      if (server->ended != NULL)
        peer_reply(server->ended, THAW_UNSHARED, server->device, 0, "");
      server_free(monitor, server);
    }
  }
}

void shares_forget(struct monitor *monitor, const struct peer *peer) {
  for (struct share_server *server = monitor->share_servers; server != NULL; server = server->next) {
    if (server->asked == peer)
      server->asked = NULL;
    if (server->ended == peer)
      server->ended = NULL;
    if (server->snapshot_peer == peer)
      server->snapshot_peer = NULL;
  }
}

void shares_end(struct monitor *monitor) {
  for (struct share_server *server = monitor->share_servers; server != NULL; server = server->next) {
    answer(server, THAW_E_STATE, monitor_lost(monitor));
    end(server);
  }
}

void shares_free(struct monitor *monitor) {
  shares_end(monitor);
  while (monitor->share_servers != NULL)
    server_free(monitor, monitor->share_servers);
  shared_budget_free(monitor->share_budget);
  monitor->share_budget = NULL;
}
