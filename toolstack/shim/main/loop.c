// SPDX-License-Identifier: Apache-2.0
/* Runs the shim's poll loop and fixes the order in which it handles events. */
#include "main/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clients/listen.h"
#include "shares/shares.h"

#define OPEN_RETRY_MS 50
#define SECOND_MS 1000

enum { AT_SIGNAL, AT_DOMAIN, AT_CHANNEL, AT_LISTEN, AT_CLIENTS };

/* True without a watch on the domain: the loop then checks the domain every second. */
static bool is_blind(const struct loop *loop) {
  return loop->domain != NULL && domain_fd(loop->domain) < 0 && loop->shim.state != SHIM_LOST;
}

static int timeout(const struct loop *loop, bool more) {
  const struct shim *shim = &loop->shim;

  if (more)
    return 0;
  if (shim->state == SHIM_WAITING)
    return loop->transport.fd < 0 ? OPEN_RETRY_MS : SECOND_MS;
  return shim->busy || shim->status_due || is_blind(loop) ? SECOND_MS : -1;
}

/* Does the work due each second, even under load. */
static void each_second(struct loop *loop) {
  channel_domain_look(loop);
  status_retry(&loop->shim);
  loop->second_ms = clock_ms() + SECOND_MS;
}

/* Fills in the fixed descriptors and the clients, then the file servers. */
static nfds_t poll_set(struct loop *loop, struct pollfd *fds) {
  struct transport *transport = &loop->transport;
  nfds_t n = AT_CLIENTS;
  bool writes = transport->blocked && transport->poll_writes;

  fds[AT_SIGNAL] = (struct pollfd){.fd = loop->signal_fd, .events = POLLIN};
  fds[AT_DOMAIN] = (struct pollfd){.fd = loop->domain != NULL ? domain_fd(loop->domain) : -1, .events = POLLIN};
  fds[AT_CHANNEL] = (struct pollfd){.fd = transport->fd, .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
  fds[AT_LISTEN] = (struct pollfd){.fd = loop->listen_fd, .events = POLLIN};
  for (struct client *client = loop->shim.clients; client != NULL; client = client->next)
    fds[n++] = (struct pollfd){.fd = client->fd, .events = (short)(client->blocked ? POLLIN | POLLOUT : POLLIN)};
  return n + shares_poll(&loop->shim, fds + n);
}

/* Needs the same clients as in poll_set(): none was added or closed since. */
static void clients_turn(struct loop *loop, const struct pollfd *fds) {
  struct shim *shim = &loop->shim;
  nfds_t n = AT_CLIENTS;

  for (struct client *client = shim->clients; client != NULL; client = client->next, n++) {
    if ((fds[n].revents & (POLLOUT | POLLERR)) != 0)
      client->blocked = false;
    if ((fds[n].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !client->broken)
      client_read(shim, client);
  }
  if (shim->quit) {
    channel_domain_look(loop); /* thawd may have noticed the domain's end first: report that end as the reason */
    shim_lost(shim, "thawd ended it");
  }
  guest_send(shim);
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    client_send(shim, client);
  client_sweep(shim);
  process_sweep(shim);
  guest_send(shim); /* a closed client may have left credit and an end of input */
}

static void turn(struct loop *loop, const struct pollfd *fds, bool *more) {
  struct shim *shim = &loop->shim;

  if ((fds[AT_SIGNAL].revents & POLLIN) != 0) {
    struct signalfd_siginfo info;

    if (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
      loop->abandon = shim->quit; /* a second signal ends the wait for clients */
      shim->quit = true;
    }
  }
  if (fds[AT_DOMAIN].revents != 0) {
    domain_woken(loop->domain);
    channel_domain_look(loop);
  }
  if (fds[AT_CHANNEL].revents != 0 && loop->transport.fd >= 0) {
    if (loop->transport.ops->woken(&loop->transport) != 0)
      shim_lost(shim, "event channel failed");
    *more = true;
  }
  shares_turn(shim, fds + AT_CLIENTS + shim->client_count);
  if (shim->state != SHIM_LOST && loop->transport.fd >= 0 && *more)
    guest_read(shim, more);
  else
    *more = false;
  clients_turn(loop, fds);
  if ((fds[AT_LISTEN].revents & POLLIN) != 0 && !shim->quit)
    listen_accept(shim, loop->listen_fd);
}

int loop_run(struct loop *loop) {
  struct shim *shim = &loop->shim;
  bool more = false;

  if (loop_start(loop) != 0)
    return 1;
  while (!shim->quit || (shim->clients != NULL && !loop->abandon)) {
    struct pollfd fds[AT_CLIENTS + SHIM_CLIENTS_MAX + SHARES_SERVERS_MAX];

    bool was_lost = shim->state == SHIM_LOST;

    channel_open(loop);
    if (shim->state == SHIM_WAITING && !shim->returns && clock_ms() >= loop->hello_by_ms)
      shim_lost(shim, "no hello");
    /* clients learn of the loss in this turn */
    bool news = !was_lost && shim->state == SHIM_LOST;
    int n = poll(fds, poll_set(loop, fds), news ? 0 : timeout(loop, more));

    if (n < 0 && errno != EINTR) {
      note(NOTE_ERROR, "Cannot poll: %s", strerror(errno));
      return 1;
    }
    if (n == 0 && !more && !news) {
      each_second(loop);
      if (shim->busy)
        idle_release(shim);
      shim->busy = false;
    } else if ((shim->status_due || is_blind(loop)) && clock_ms() >= loop->second_ms) {
      each_second(loop);
    }
    if (n >= 0)
      turn(loop, fds, &more);
    if (shim->state == SHIM_LOST) {
      domain_close(loop->domain);
      loop->domain = NULL;
    }
    if (shim->quit && loop->listen_fd >= 0) {
      listen_close(loop->dir, loop->listen_fd);
      loop->listen_fd = -1;
    }
  }
  for (struct client *client = shim->clients; client != NULL; client = client->next)
    client->broken = true;
  client_sweep(shim);
  shares_free(shim);
  status_retry(shim);
  process_free_all(shim);
  frame_reader_free(&shim->guest_reader);
  domain_close(loop->domain);
  note(NOTE_INFO, "Ended");
  return 0;
}
