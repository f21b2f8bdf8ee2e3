// SPDX-License-Identifier: Apache-2.0
/* How the file server answers its guest, until it ends, or stops for another that goes on where it stopped. */
#include "shares/server/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shares/descriptor.h"
#include "shares/ninep/snapshot/save.h"
#include "shares/shares.h"

/* So many requests without a look at the shim: the signal of its death goes with the first change of user. */
#define REQUESTS_PER_LOOK 64

struct serving {
  struct rings *rings;
  struct ninep *server;
  int stash;       /* where to, once all that was asked is answered; -1: nowhere */
  bool is_stopped; /* it has stashed: what it answered now would be lost */
};

int files_say(const char *text) {
  return send(FILES_SOCKET, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* One request of any ring: 1, 0 when there is none, -1 with why it cannot go on. */
static int answer_next(struct serving *serving, const char **end_out) {
  static uint8_t request[THAW_FILES_MSIZE], reply[THAW_FILES_MSIZE];
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
  return 1;
}

/* One that cannot be written down goes on being served. */
static void stash(struct serving *serving) {
  char text[320] = FILES_NOT_STASHED;
  size_t head = strlen(text);

  serving->is_stopped = ninep_stash(serving->server, serving->stash, text + head, 256) == 0;
  files_say(serving->is_stopped ? FILES_STASHED : text);
  close(serving->stash);
  serving->stash = -1;
}

/* False: the shim has ended, or says what it never does. */
static bool hear(struct serving *serving) {
  char text[64];
  int fd;
  ssize_t n = descriptor_receive(FILES_SOCKET, text, sizeof text - 1, &fd);

  if (n < 0 && errno == EINTR)
    return true;
  text[n > 0 ? n : 0] = '\0';
  if (fd >= 0 && serving->stash < 0 && !serving->is_stopped && strcmp(text, FILES_STASH) == 0) {
    serving->stash = fd;
    return true;
  }
  if (fd >= 0)
    close(fd);
  if (fd >= 0 || strcmp(text, FILES_GO_ON) != 0)
    return false;
  serving->is_stopped = false;
  return true;
}

const char *files_serve(struct rings *rings, struct ninep *server) {
  struct serving serving = {.rings = rings, .server = server, .stash = -1};
  struct pollfd fds[] = {{.fd = FILES_SOCKET, .events = POLLIN}, {.fd = rings_fd(rings), .events = POLLIN}};
  const char *end = NULL;

  for (unsigned requests = 0;;) {
    int more = serving.is_stopped ? 0 : answer_next(&serving, &end);

    if (more < 0)
      return end;
    if (more > 0 && ++requests % REQUESTS_PER_LOOK != 0)
      continue;
    if (more == 0 && serving.stash >= 0)
      stash(&serving);
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
