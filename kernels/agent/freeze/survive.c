// SPDX-License-Identifier: Apache-2.0
/* What of a running container would a copy of its guest share with it, that only one of them can have? */
#include "freeze/survive.h"

#include "container/start.h"
#include "freeze/tcp.h"
#include "freeze/volumes.h"
#include "transport/store.h"

#include <stdio.h>

/* Another's process, or one more in the container, belongs to somebody who would find it twice. */
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

/* What a connection's other end would see is two guests that both go on with it. */
static const char *connections(pid_t pid, enum thaw_error *error_out) {
  static char text[64];
  int count = agent_tcp_count(pid);

  *error_out = count < 0 ? THAW_E_INTERNAL : THAW_E_TCP;
  if (count < 0)
    return "Cannot read which TCP connections are open";
  snprintf(text, sizeof text, "%d TCP connection%s open", count, count == 1 ? " is" : "s are");
  return count > 0 ? text : NULL;
}

static const char *volumes(pid_t pid, bool files_keep, enum thaw_error *error_out) {
  static char text[128];
  char where[96];
  int found = agent_volumes_find(pid, files_keep, where, sizeof where);

  *error_out = found < 0 ? THAW_E_INTERNAL : THAW_E_VOLUME;
  if (found < 0)
    return "Cannot read what is mounted";
  snprintf(text, sizeof text, "A volume is mounted on %s", found > 0 ? where : "");
  return found > 0 ? text : NULL;
}

const char *agent_survive_outside(const struct agent_process *process, bool files_keep, enum thaw_error *error_out) {
  /* in a guest the agent's own namespaces too: what only one of them sees counts as well */
  const pid_t pids[] = {process->pid, 1};
  const char *reason = NULL;

  for (int i = 0; !reason && i < (agent_store_is_real() ? 2 : 1); i++) {
    reason = connections(pids[i], error_out);
    if (!reason)
      reason = volumes(pids[i], files_keep, error_out);
  }
  return reason;
}
