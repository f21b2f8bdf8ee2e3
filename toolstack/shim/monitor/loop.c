// SPDX-License-Identifier: Apache-2.0
/* Runs the monitor's poll loop and fixes the order in which it handles events. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/listen.h"
#include "monitor/peer.h"
#include "monitor/records.h"
#include "shares/shares.h"

#define OPEN_RETRY_MS 50
#define SECOND_MS 1000
/* A relay gives up its sandbox as soon as it is told to: one that does not is stuck, or a guest's. */
#define LOST_MS 10000

enum { AT_SIGNAL, AT_DOMAIN, AT_LINK, AT_CALLS, AT_LISTEN, AT_PEERS };

void monitor_end(struct monitor *monitor, const char *format, ...) {
  va_list args;

  if (monitor_lost(monitor) != NULL)
    return;
  va_start(args, format);
  vsnprintf(monitor->end, sizeof monitor->end, format, args);
  va_end(args);
  shares_end(monitor);
}

const char *monitor_lost(const struct monitor *monitor) {
  if (monitor->is_lost)
    return monitor->lost;
  return *monitor->end != '\0' ? monitor->end : NULL;
}

static bool is_over(const struct monitor *monitor) {
  return monitor_lost(monitor) != NULL;
}

static void look_at_domain(struct monitor *monitor) {
  const char *end = monitor->domain != NULL && !is_over(monitor) ? domain_end(monitor->domain) : NULL;

  if (end != NULL)
    monitor_end(monitor, "%s", end);
}

/* True without a watch on the domain: the loop then checks the domain every second. */
static bool is_blind(const struct monitor *monitor) {
  return monitor->domain != NULL && domain_fd(monitor->domain) < 0 && !is_over(monitor);
}

static int timeout(const struct monitor *monitor) {
  if (monitor->channel.state == CHANNEL_CLOSED && !is_over(monitor))
    return OPEN_RETRY_MS;
  return is_blind(monitor) || monitor->lost_by_ms != 0 ? SECOND_MS : -1;
}

/* Tells the relay of the sandbox's end. thawd may have noticed the domain's end first, which is then the reason. */
static void tell_end(struct monitor *monitor) {
  if (monitor->quit && !monitor->quit_sent)
    look_at_domain(monitor);
  if (*monitor->end != '\0' && !monitor->end_sent)
    monitor->end_sent = tell_relay(monitor, MESSAGE_END, 0, monitor->end, (uint32_t)strlen(monitor->end), -1);
  if (monitor->quit && !monitor->quit_sent)
    monitor->quit_sent = tell_relay(monitor, MESSAGE_QUIT, 0, NULL, 0, -1);
  if (monitor->lost_by_ms == 0 && !monitor->is_lost && (*monitor->end != '\0' || monitor->quit))
    monitor->lost_by_ms = clock_ms() + LOST_MS;
}

static nfds_t poll_set(struct monitor *monitor, struct pollfd *fds) {
  nfds_t n = AT_PEERS;
  bool full = monitor->link_is_full;

  fds[AT_SIGNAL] = (struct pollfd){.fd = monitor->signal_fd, .events = POLLIN};
  fds[AT_DOMAIN] = (struct pollfd){.fd = monitor->domain != NULL ? domain_fd(monitor->domain) : -1, .events = POLLIN};
  fds[AT_LINK] = (struct pollfd){.fd = monitor->link, .events = (short)(full ? POLLIN | POLLOUT : POLLIN)};
  fds[AT_CALLS] = (struct pollfd){.fd = monitor->calls, .events = POLLIN};
  fds[AT_LISTEN] = (struct pollfd){.fd = monitor->listen_fd, .events = POLLIN};
  for (struct peer *peer = monitor->peers; peer != NULL; peer = peer->next)
    fds[n++] = (struct pollfd){.fd = peer->fd, .events = (short)((full ? 0 : POLLIN) | (peer->blocked ? POLLOUT : 0))};
  return n + shares_poll(monitor, fds + n);
}

static void take_signal(struct monitor *monitor) {
  struct signalfd_siginfo info;

  if (read(monitor->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
    return;
  if (monitor->quit)
    kill(monitor->relay, SIGKILL); /* a second signal ends the wait for clients */
  monitor->quit = true;
}

/* Needs the same peers as in poll_set(): none was added or closed since. */
static void peers_turn(struct monitor *monitor, const struct pollfd *fds) {
  for (struct peer *peer = monitor->peers; peer != NULL; peer = peer->next, fds++) {
    if ((fds->revents & (POLLOUT | POLLERR)) != 0)
      peer->blocked = false;
    if (((fds->revents & (POLLIN | POLLHUP | POLLERR)) != 0 || peer_waits(peer)) && !peer->broken &&
        !monitor->link_is_full)
      peer_read(monitor, peer);
  }
}

static void turn(struct monitor *monitor, const struct pollfd *fds) {
  if ((fds[AT_SIGNAL].revents & POLLIN) != 0)
    take_signal(monitor);
  if (fds[AT_DOMAIN].revents != 0) {
    domain_woken(monitor->domain);
    look_at_domain(monitor);
  }
  if ((fds[AT_LINK].revents & POLLOUT) != 0)
    monitor->link_is_full = false;
  shares_turn(monitor, fds + AT_PEERS + monitor->peer_count);
  peers_turn(monitor, fds + AT_PEERS);
  if (fds[AT_LINK].revents & ~POLLOUT && !relay_hear(monitor))
    monitor->relay_ended = true;
  if (!monitor->relay_ended && fds[AT_CALLS].revents != 0 && !relay_hear_call(monitor))
    monitor->relay_ended = true;
  tell_end(monitor);
  for (struct peer *peer = monitor->peers; peer != NULL; peer = peer->next)
    peer_send(peer);
  peer_sweep(monitor);
  if ((fds[AT_LISTEN].revents & POLLIN) != 0 && !monitor->quit)
    peer_accept(monitor);
}

/* The relay told nobody of the sandbox's loss. */
static void give_up(struct monitor *monitor, const char *reason) {
  monitor->is_lost = true;
  snprintf(monitor->lost, sizeof monitor->lost, "%s", reason);
  for (struct peer *peer = monitor->peers; peer != NULL; peer = peer->next)
    peer_reply(peer, THAW_LOST, 0, 0, monitor->lost);
}

/* Returns true when the relay ended as it should. */
static bool relay_end(struct monitor *monitor) {
  int status = 0;
  bool is_right;

  kill(monitor->relay, SIGKILL); /* it may still run, after a message that is none of its */
  while (waitpid(monitor->relay, &status, 0) < 0 && errno == EINTR)
    continue;
  is_right = monitor->quit && (status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  if (!is_right)
    note(NOTE_ERROR, "The relay ended by itself: %s %d", WIFSIGNALED(status) ? "signal" : "status",
         WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  return is_right;
}

static void finish(struct monitor *monitor) {
  for (struct peer *peer = monitor->peers; peer != NULL; peer = peer->next) {
    peer_send(peer);
    peer->broken = true;
    peer->is_known = false;
  }
  peer_sweep(monitor);
  shares_free(monitor);
  records_end(monitor);
  domain_close(monitor->domain);
  if (monitor->listen_fd >= 0)
    listen_close(monitor->dir, monitor->listen_fd);
  close(monitor->link);
  close(monitor->calls);
  note(NOTE_INFO, "Ended");
}

int monitor_run(struct monitor *monitor) {
  bool is_right;

  if (monitor_start(monitor) != 0)
    return 1;
  while (!monitor->relay_ended) {
    struct pollfd fds[AT_PEERS + PEERS_MAX + SHARES_SERVERS_MAX];
    int n;

    if (monitor->channel.state == CHANNEL_CLOSED && !is_over(monitor))
      channel_open(monitor);
    tell_end(monitor);
    n = poll(fds, poll_set(monitor, fds), timeout(monitor));
    if (n < 0 && errno != EINTR) {
      note(NOTE_ERROR, "Cannot poll: %s", strerror(errno));
      break;
    }
    if (is_blind(monitor) && clock_ms() >= monitor->second_ms) {
      look_at_domain(monitor);
      monitor->second_ms = clock_ms() + SECOND_MS;
    }
    if (n >= 0)
      turn(monitor, fds);
    if (is_over(monitor)) {
      domain_close(monitor->domain);
      monitor->domain = NULL;
    }
    if (monitor->quit && monitor->listen_fd >= 0) {
      listen_close(monitor->dir, monitor->listen_fd);
      monitor->listen_fd = -1;
    }
    if (monitor->lost_by_ms != 0 && !monitor->is_lost && clock_ms() >= monitor->lost_by_ms) {
      note(NOTE_ERROR, "The relay does not give up the sandbox: it is killed");
      kill(monitor->relay, SIGKILL);
      monitor->lost_by_ms = 0;
      give_up(monitor, *monitor->end != '\0' ? monitor->end : "thawd ended it");
    }
  }
  is_right = relay_end(monitor);
  if (!is_right && !monitor->is_lost)
    give_up(monitor, "its relay ended");
  finish(monitor);
  return is_right ? 0 : 1;
}
