// SPDX-License-Identifier: Apache-2.0
/* Counts open TCP connections. Sockets that listen, are closed, or are in TIME_WAIT do not count. */
#include "freeze/tcp.h"

#include <errno.h>
#include <stdio.h>

/* The kernel's numbers in /proc/net/tcp (include/net/tcp_states.h). */
enum { TIME_WAIT = 6, CLOSED = 7, LISTEN = 10 };

static int count_in(const char *path) {
  char line[512]; /* a line has 150 bytes; the needed fields come first */
  int count = 0, c;
  FILE *file = fopen(path, "re");

  if (!file)
    return errno == ENOENT ? 0 : -1; /* no IPv6 */
  while (fgets(line, sizeof line, file)) {
    unsigned state;

    /* the heading has no number in place of a state */
    if (sscanf(line, " %*u: %*[0-9A-Fa-f]:%*x %*[0-9A-Fa-f]:%*x %x", &state) == 1 && state != TIME_WAIT &&
        state != CLOSED && state != LISTEN)
      count++;
  }
  c = ferror(file);
  fclose(file);
  return c ? -1 : count;
}

int agent_tcp_count(pid_t pid) {
  static const char *const names[] = {"tcp", "tcp6"};
  int sum = 0;

  for (int i = 0; i < 2; i++) {
    char path[64];
    int count;

    snprintf(path, sizeof path, "/proc/%d/net/%s", (int)pid, names[i]);
    count = count_in(path);
    if (count < 0)
      return -1;
    sum += count;
  }
  return sum;
}
