// SPDX-License-Identifier: Apache-2.0
/* Keeps the exit statuses of children whose pid the agent did not know when they ended. */
#include "process/orphan.h"

#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>

/* enough: only statuses between an EXEC and the end of its crun are ever asked for */
#define KEPT 256

static struct {
  pid_t pid; /* 0: empty, or taken */
  int wait_status;
  char name[32];
} orphans[KEPT];
static unsigned next;

void agent_orphan_note(pid_t pid, int wait_status, const char *name) {
  orphans[next].pid = pid;
  orphans[next].wait_status = wait_status;
  snprintf(orphans[next].name, sizeof orphans[next].name, "%s", name);
  next = (next + 1) % KEPT;
}

/* Returns true also for a zombie that is not reaped yet. */
static bool is_child(pid_t pid) {
  siginfo_t info;

  return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

bool agent_orphan_take(pid_t pid, int *wait_status_out, char name_out[32]) {
  if (is_child(pid))
    return false;
  for (unsigned back = 1; back <= KEPT; back++) {
    unsigned i = (next + KEPT - back) % KEPT;

    if (orphans[i].pid != pid)
      continue;
    orphans[i].pid = 0;
    *wait_status_out = orphans[i].wait_status;
    snprintf(name_out, 32, "%s", orphans[i].name);
    return true;
  }
  return false;
}
