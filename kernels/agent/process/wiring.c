// SPDX-License-Identifier: Apache-2.0
/* Makes the streams 0, 1 and 2 of a process. */
#define _GNU_SOURCE
#include "process/wiring.h"

#include <fcntl.h>
#include <unistd.h>

/* Makes a pipe whose agent's end alone is non-blocking: programs do not expect that of their own end. */
static bool make_pipe(struct agent_source *source, int *other, int ours) {
  int ends[2];

  if (pipe2(ends, O_CLOEXEC) != 0)
    return false;
  source->fd = ends[ours];
  *other = ends[!ours];
  return fcntl(ends[ours], F_SETFL, O_NONBLOCK) == 0;
}

bool agent_wire(struct agent_process *process, int fds[3]) {
  if (!(process->flags & THAW_PROCESS_STDIN) || process->flags & THAW_PROCESS_TTY) {
    fds[0] = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fds[0] < 0)
      return false;
  } else if (!make_pipe(&process->input.source, &fds[0], 1)) {
    return false;
  }
  if (process->flags & THAW_PROCESS_TTY) {
    fds[1] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    fds[2] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    return fds[1] >= 0 && fds[2] >= 0;
  }
  return make_pipe(&process->outputs[0].source, &fds[1], 0) && make_pipe(&process->outputs[1].source, &fds[2], 0);
}

void agent_unwire(int fds[3]) {
  for (int i = 0; i < 3; i++)
    if (fds[i] >= 0)
      close(fds[i]);
}
