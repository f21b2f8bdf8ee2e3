// SPDX-License-Identifier: Apache-2.0
/* Answers the guest's requests, until the server ends or stops so that another server can continue. */
#include "shares/server/loop.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "link/descriptor.h"
#include "shares/ninep/snapshot/snapshot.h"
#include "shares/shares.h"

/*
 * A turn ends after so many requests, and after the request with which it has taken so long. Then the server hears its
 * shim, whose end it learns in no other way: the first change of user clears the parent-death signal.
 */
enum { TURN_REQUESTS = 64, TURN_MS = 10 };
/* A guest that is about to be copied sends nothing more. So many requests fit in its rings. */
#ifndef SAVE_REQUESTS_MAX /* a test has fewer */
#define SAVE_REQUESTS_MAX 300000u
#endif

struct serving {
  struct rings *rings;
  struct ninep *server;
  int snapshot;      /* save the snapshot to this descriptor once all requests are answered; -1: none */
  unsigned answered; /* requests since the shim sent it */
  bool is_stopped;   /* the snapshot is saved: an answer now would be lost */
};

int shares_say(const char *text) {
  return send(SHARES_SOCKET, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* Answers one request of any ring. Returns 1, 0 without a request, or -1 with the reason to end in *end_out. */
static int answer_next(struct serving *serving, const char **end_out) {
  static uint8_t request[THAW_SHARE_MSIZE], reply[THAW_SHARE_MSIZE];
  unsigned ring;
  ssize_t n = rings_next(serving->rings, request, &ring);

  if (n < 0) {
    *end_out = "the guest broke its 9pfs ring";
    return -1;
  }
  if (n == 0)
    return 0;
  n = ninep_answer(serving->server, request, (size_t)n, reply, sizeof reply);
  if (n < 0) {
    *end_out = "the guest broke the 9P protocol";
    return -1;
  }
  rings_reply(serving->rings, ring, reply, (size_t)n);
  serving->answered++;
  return 1;
}

static int64_t now_ms(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

/* Answers requests for a while. Returns 1 if more may be there, else like answer_next(). */
static int turn(struct serving *serving, const char **end_out) {
  int64_t end = now_ms() + TURN_MS;

  for (int requests = 0; requests < TURN_REQUESTS; requests++) {
    int more = answer_next(serving, end_out);

    if (more <= 0)
      return more;
    if (now_ms() >= end)
      break;
  }
  return 1;
}

/* Saves the snapshot and stops. If saving fails, the server continues to answer. */
static void save(struct serving *serving, bool is_answered) {
  char text[320] = SHARES_NOT_SAVED "Cannot save the open files: the guest does not stop asking for files";
  size_t head = strlen(SHARES_NOT_SAVED);

  serving->is_stopped =
      is_answered && ninep_save_fids(serving->server, serving->snapshot, text + head, sizeof text - head) == 0;
  shares_say(serving->is_stopped ? SHARES_SAVED : text);
  close(serving->snapshot);
  serving->snapshot = -1;
}

/* Returns false if the shim has ended or sent an invalid message. */
static bool hear(struct serving *serving) {
  char text[64];
  int fd;
  ssize_t n = descriptor_receive(SHARES_SOCKET, text, sizeof text - 1, &fd);

  if (n < 0 && errno == EINTR)
    return true;
  text[n > 0 ? n : 0] = '\0';
  if (fd >= 0 && serving->snapshot < 0 && !serving->is_stopped && strcmp(text, SHARES_SAVE) == 0) {
    serving->snapshot = fd;
    serving->answered = 0;
    return true;
  }
  if (fd >= 0)
    close(fd);
  if (fd >= 0 || strcmp(text, SHARES_RESUME) != 0)
    return false;
  serving->is_stopped = false;
  return true;
}

const char *shares_serve(struct rings *rings, struct ninep *server) {
  struct serving serving = {.rings = rings, .server = server, .snapshot = -1};
  struct pollfd fds[] = {{.fd = SHARES_SOCKET, .events = POLLIN}, {.fd = rings_fd(rings), .events = POLLIN}};
  const char *end = NULL;

  for (;;) {
    int more = serving.is_stopped ? 0 : turn(&serving, &end);

    if (more < 0)
      return end;
    if (serving.snapshot >= 0 && (more == 0 || serving.answered >= SAVE_REQUESTS_MAX))
      save(&serving, more == 0);
    if (poll(fds, 2, more > 0 ? 0 : -1) < 0) {
      if (errno == EINTR)
        continue;
      return "it cannot poll";
    }
    if (fds[0].revents != 0 && !hear(&serving))
      return NULL;
    if (fds[1].revents != 0 && rings_woken(rings) != 0)
      return "its event channel failed";
  }
}
