// SPDX-License-Identifier: Apache-2.0
/* Runs the relay's poll loop and fixes the order in which it handles events. */
#include "relay/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "relay/to_monitor.h"

#define SECOND_MS 1000

enum { AT_MONITOR, AT_CHANNEL, AT_CLIENTS };

static int timeout(const struct loop *loop, bool more) {
  const struct relay *relay = &loop->relay;

  if (more)
    return 0;
  if (relay->state == RELAY_WAITING)
    return SECOND_MS;
  return relay->busy || relay->status_due ? SECOND_MS : -1;
}

/* Does the work due each second, even under load. */
static void each_second(struct loop *loop) {
  status_retry(&loop->relay);
  loop->second_ms = clock_ms() + SECOND_MS;
}

/* Fills in the fixed descriptors, then one for each client; -1 for those that have none here. */
static nfds_t poll_set(struct loop *loop, struct pollfd *fds) {
  struct transport *transport = &loop->transport;
  nfds_t n = AT_CLIENTS;
  bool writes = transport->blocked && transport->poll_writes;

  fds[AT_MONITOR] = (struct pollfd){.fd = RELAY_LINK, .events = POLLIN};
  fds[AT_CHANNEL] = (struct pollfd){.fd = transport->fd, .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
  for (struct client *client = loop->relay.clients; client != NULL; client = client->next)
    fds[n++] = (struct pollfd){.fd = client->fd, .events = (short)(client->blocked ? POLLIN | POLLOUT : POLLIN)};
  return n;
}

/* Needs the same clients as in poll_set(): none was added or closed since. */
static void clients_read(struct relay *relay, const struct pollfd *fds) {
  nfds_t n = AT_CLIENTS;

  for (struct client *client = relay->clients; client != NULL; client = client->next, n++) {
    if ((fds[n].revents & (POLLOUT | POLLERR)) != 0)
      client->blocked = false;
    if ((fds[n].revents & (POLLIN | POLLHUP | POLLERR)) != 0 && !client->broken)
      client_read(relay, client);
  }
}

static void clients_turn(struct relay *relay) {
  if (relay->quit)
    relay_lost(relay, "thawd ended it");
  guest_send(relay);
  for (struct client *client = relay->clients; client != NULL; client = client->next)
    client_send(relay, client);
  client_sweep(relay);
  process_sweep(relay);
  guest_send(relay); /* a closed client may have left credit and an end of input */
}

/* Messages of the monitor add clients, so they come behind the clients of the poll. */
static void turn(struct loop *loop, const struct pollfd *fds, bool *more) {
  struct relay *relay = &loop->relay;

  if (fds[AT_CHANNEL].revents != 0 && loop->transport.fd >= 0) {
    if (loop->transport.ops->woken(&loop->transport) != 0)
      relay_lost(relay, "event channel failed");
    *more = true;
  }
  if (relay->state != RELAY_LOST && loop->transport.fd >= 0 && *more)
    guest_read(relay, more);
  else
    *more = false;
  clients_read(relay, fds);
  if (fds[AT_MONITOR].revents != 0)
    monitor_hear(loop);
  clients_turn(relay);
}

int loop_run(struct loop *loop) {
  struct relay *relay = &loop->relay;
  bool more = false;

  while (!relay->quit || relay->clients != NULL) {
    struct pollfd fds[AT_CLIENTS + RELAY_CLIENTS_MAX];
    bool was_lost = relay->state == RELAY_LOST;

    if (relay->state == RELAY_WAITING && !relay->returns && clock_ms() >= loop->hello_by_ms)
      relay_lost(relay, "no hello");
    /* clients learn of the loss in this turn */
    bool news = !was_lost && relay->state == RELAY_LOST;
    int n = poll(fds, poll_set(loop, fds), news ? 0 : timeout(loop, more));

    if (n < 0 && errno != EINTR) {
      note(NOTE_ERROR, "Cannot poll: %s", strerror(errno));
      return 1;
    }
    if (n == 0 && !more && !news) {
      each_second(loop);
      if (relay->busy)
        idle_release(relay);
      relay->busy = false;
    } else if (relay->status_due && clock_ms() >= loop->second_ms) {
      each_second(loop);
    }
    if (n >= 0)
      turn(loop, fds, &more);
  }
  status_retry(relay);
  process_free_all(relay);
  frame_reader_free(&relay->guest_reader);
  note(NOTE_INFO, "Ended");
  return 0;
}
