// SPDX-License-Identifier: Apache-2.0
/* Starts and ends the sandbox's 9P servers, and handles a server that ends by itself. */
#include "shares/shares.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shares/descriptor.h"
#include "shares/share_server.h"
#include "shares/spawn_server.h"

static void shared(struct client *client, uint32_t device, enum thaw_error error, const char *text) {
  client_reply(client, THAW_SHARED, device, error, text, (uint32_t)strlen(text));
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
static int start(struct shim *shim, struct share_server *server, const uint8_t *payload, uint32_t length,
                 int snapshot) {
  int pair[2], error;

  if (shim->share_budget == NULL)
    shim->share_budget = shared_budget_new();
  if (shim->share_budget == NULL)
    return errno;
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
    return errno;
  server->budget_page = shared_budget_claim(shim->share_budget);
  /* dup2 of SHARES_SOCKET onto itself would keep its close-on-exec flag */
  error = pair[1] == SHARES_SOCKET
              ? EBUSY
              : spawn_server(shim->transport->domid, server->budget_page,
                             (int[2]){pair[1], shared_budget_fd(shim->share_budget)}, SHARES_SOCKET, &server->pid);
  close(pair[1]);
  if (error != 0) {
    shared_budget_release(shim->share_budget, server->budget_page);
    close(pair[0]);
    return error;
  }
  server->socket = pair[0];
  server->process = (int)syscall(SYS_pidfd_open, server->pid, 0);
  if (server->process < 0) {
    error = errno;
    close(server->socket); /* this ends the server, which has no request yet */
    waitpid(server->pid, NULL, 0);
    shared_budget_release(shim->share_budget, server->budget_page);
    return error;
  }
  /* a server that cannot be reached ends without a message, like a killed one */
  if (descriptor_send(server->socket, payload, length, snapshot) != 0)
    end(server);
  return 0;
}

struct share_server *shares_find(const struct shim *shim, uint32_t device) {
  struct share_server *server = shim->share_servers;

  while (server != NULL && server->device != device)
    server = server->next;
  return server;
}

void shares_start(struct shim *shim, struct client *client, uint32_t device, const uint8_t *payload, uint32_t length) {
  struct share_server *server;
  char text[256];
  int error, snapshot;

  if (shim->state == SHIM_LOST) {
    shared(client, device, THAW_E_STATE, shim->lost);
    return;
  }
  if (shares_find(shim, device) != NULL) {
    shared(client, device, THAW_E_STATE, "Cannot share files: the device has a server already");
    return;
  }
  if (shim->share_server_count == SHARES_SERVERS_MAX || !shim->transport->ops->of_domain) {
    shared(client, device, THAW_E_STATE,
           shim->share_server_count == SHARES_SERVERS_MAX ? "Cannot share files: there are too many servers"
                                                          : "Cannot share files: there is no domain");
    return;
  }
  if (!shares_snapshot_open(payload, &length, &snapshot, text, sizeof text)) {
    shared(client, device, THAW_E_INTERNAL, text);
    return;
  }
  server = calloc(1, sizeof *server);
  error = server != NULL ? start(shim, server, payload, length, snapshot) : ENOMEM;
  if (snapshot >= 0)
    close(snapshot);
  if (error != 0) {
    free(server);
    shared(client, device, THAW_E_INTERNAL, strerror(error));
    return;
  }
  server->device = device;
  server->asked = client;
  server->next = shim->share_servers;
  shim->share_servers = server;
  shim->share_server_count++;
}

void shares_stop(struct shim *shim, struct client *client, uint32_t device) {
  struct share_server *server = shares_find(shim, device);

  if (server == NULL) {
    client_reply(client, THAW_UNSHARED, device, 0, NULL, 0);
    return;
  }
  answer(server, THAW_E_STATE, "Its device was unshared before it served");
  end(server);
  /* only the latest requester gets the answer: an earlier one belongs to a dead thawd, or asks twice */
  server->ended = client;
}

nfds_t shares_poll(const struct shim *shim, struct pollfd *fds) {
  nfds_t n = 0;

  for (const struct share_server *server = shim->share_servers; server != NULL; server = server->next)
    fds[n++] = (struct pollfd){.fd = server->socket >= 0 ? server->socket : server->process, .events = POLLIN};
  return n;
}

static void hear(struct shim *shim, struct share_server *server) {
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
    shim_lost(shim, "its file server ended%s%s", n > 0 ? ": " : "", text);
}

static void server_free(struct shim *shim, struct share_server *server) {
  struct share_server **link = &shim->share_servers;

  answer(server, THAW_E_INTERNAL, "The file server ended before it served");

  while (*link != server)
    link = &(*link)->next;
  *link = server->next;
  shim->share_server_count--;
  shared_budget_release(shim->share_budget, server->budget_page);
  close(server->process);
  free(server);
}

void shares_turn(struct shim *shim, const struct pollfd *fds) {
  for (struct share_server *server = shim->share_servers, *next; server != NULL; server = next, fds++) {
    next = server->next;
    if (fds->revents == 0)
      continue;
    if (server->socket >= 0) {
      hear(shim, server);
    } else if (waitpid(server->pid, NULL, WNOHANG) != 0) {
      if (server->ended != NULL)
        client_reply(server->ended, THAW_UNSHARED, server->device, 0, NULL, 0);
      server_free(shim, server);
    }
  }
}

void shares_forget(struct shim *shim, const struct client *client) {
  for (struct share_server *server = shim->share_servers; server != NULL; server = server->next) {
    if (server->asked == client)
      server->asked = NULL;
    if (server->ended == client)
      server->ended = NULL;
    if (server->snapshot_client == client)
      server->snapshot_client = NULL;
  }
}

void shares_end(struct shim *shim) {
  for (struct share_server *server = shim->share_servers; server != NULL; server = server->next) {
    answer(server, THAW_E_STATE, shim->lost);
    end(server);
  }
}

void shares_free(struct shim *shim) {
  shares_end(shim);
  while (shim->share_servers != NULL)
    server_free(shim, shim->share_servers);
  shared_budget_free(shim->share_budget);
  shim->share_budget = NULL;
}
