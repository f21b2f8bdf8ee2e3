// SPDX-License-Identifier: Apache-2.0
/* Finds state of a running container that its guest and a copy of the guest cannot both have. */
#include "freeze/obstacles.h"

#include "container/start.h"
#include "freeze/tcp.h"
#include "freeze/volumes.h"
#include "transport/store.h"

#include <stdio.h>

/* Returns false if another process runs: its client would find it in both guests. */
static bool is_alone(const struct agent_process *process) {
  for (const struct agent_process *other = agent_process_first(); other; other = other->next)
    if (other != process && !other->has_ended)
      return false;
  return !agent_launch_is_busy();
}

const char *agent_survive_streams(const struct agent_process *process, enum thaw_error *error_out) {
  *error_out = THAW_E_BUSY;
  if (!is_alone(process))
    return "Another process was started in it and still runs";
  *error_out = THAW_E_STREAMS;
  if (process->flags & THAW_PROCESS_TTY)
    return "It has a terminal";
  return process->flags & THAW_PROCESS_STDIN && !process->input.is_closed ? "Its stdin is open" : NULL;
}

/* A connection's peer would see two guests that both continue the connection. */
static const char *connections(pid_t pid, enum thaw_error *error_out) {
  static char text[64];
  int count = agent_tcp_count(pid);

  *error_out = count < 0 ? THAW_E_INTERNAL : THAW_E_TCP;
  if (count < 0)
    return "Cannot read which TCP connections are open";
  snprintf(text, sizeof text, "%d TCP connection%s open", count, count == 1 ? " is" : "s are");
  return count > 0 ? text : NULL;
}

static const char *volumes(pid_t pid, bool saves_fids, enum thaw_error *error_out) {
  static char text[128];
  char where[96];
  int found = agent_volumes_find(pid, saves_fids, where, sizeof where);

  *error_out = found < 0 ? THAW_E_INTERNAL : THAW_E_VOLUME;
  if (found < 0)
    return "Cannot read what is mounted";
  snprintf(text, sizeof text, "A volume is mounted on %s", found > 0 ? where : "");
  return found > 0 ? text : NULL;
}

const char *agent_survive_outside(const struct agent_process *process, bool saves_fids, enum thaw_error *error_out) {
  /* in a guest also the agent's own namespaces: a mount or connection in either one counts */
  const pid_t pids[] = {process->pid, 1};
  const char *reason = NULL;

  for (int i = 0; !reason && i < (agent_store_is_real() ? 2 : 1); i++) {
    reason = connections(pids[i], error_out);
    if (!reason)
      reason = volumes(pids[i], saves_fids, error_out);
  }
  return reason;
}
