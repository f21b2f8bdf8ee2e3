// SPDX-License-Identifier: Apache-2.0
/*
 * HOLD: freezes a guest together with a running container. The order: checks that need no stop, the stop, checks of
 * state that could change until then, the answer. freeze.c continues after the answer.
 */
#include "freeze/held_container.h"

#include "base/log.h"
#include "freeze/obstacles.h"
#include "process/cgroup.h"
#include "process/process.h"
#include "protocol/control.h"
#include "transport/store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define LOOK_NS (2 * AGENT_MS)
#define LOOKS_MAX 2500 /* five seconds: after that a process is stuck in the kernel */

static const struct agent_hold_hooks *freeze;
static struct {
  struct agent_request request;
  struct agent_timer timer;
  unsigned looks;
  bool saves_fids;
  char container[AGENT_NAME_MAX + 1]; /* "": no container is held */
  char cgroup[AGENT_PATH_MAX];
} hold;

void agent_hold_init(const struct agent_hold_hooks *hooks) {
  freeze = hooks;
}

bool agent_hold_is_under_way(void) {
  return hold.timer.armed;
}

/* Returns the held container's process, NULL if it was deleted meanwhile. */
static struct agent_process *held(void) {
  struct agent_process *process = hold.container[0] ? agent_process_by_container(hold.container) : NULL;

  return process && process->state == AGENT_HELD ? process : NULL;
}

bool agent_hold_is_on(void) {
  return held() != NULL;
}

void agent_hold_release(void) {
  struct agent_process *process = held();

  agent_timer_clear(&hold.timer);
  hold.container[0] = '\0';
  if (!process)
    return;
  /* a dead container has no cgroup any more */
  if (!agent_cgroup_freeze(hold.cgroup, false) && !process->has_ended)
    agent_log("hold: %s stays frozen: %s", process->container, strerror(errno));
  agent_process_run(process);
  agent_process_release(process);
}

static void refuse(enum thaw_error error, const char *reason) {
  agent_control_error(hold.request, error, "%s", reason);
  agent_hold_release();
}

static void look(struct agent_timer *timer) {
  const struct agent_process *process = held();
  enum thaw_error error;
  const char *reason;

  if (!process || process->has_ended)
    refuse(THAW_E_STATE, "The container ended");
  else if (agent_cgroup_is_frozen(hold.cgroup)) {
    reason = agent_survive_outside(process, hold.saves_fids, &error);
    if (reason) {
      refuse(error, reason);
      return;
    }
    agent_control_ok(hold.request, NULL, 0);
    freeze->begin();
  } else if (++hold.looks < LOOKS_MAX)
    agent_timer_set(timer, LOOK_NS);
  else
    refuse(THAW_E_BUSY, "The container's processes do not freeze within 5 s");
}

static const char *refusal(const struct agent_process *process, enum thaw_error *error_out) {
  *error_out = THAW_E_BUSY;
  if (!freeze->is_possible() || agent_hold_is_on())
    return "A freeze is under way";
  *error_out = THAW_E_NOENT;
  if (!process)
    return "No such container";
  *error_out = THAW_E_STATE;
  if (process->state != AGENT_RUNNING)
    return "The container does not run";
  return agent_survive_streams(process, error_out);
}

/* Takes the field after the container's name: "files" if dom0 saves the open files of the container's shares. */
static bool take_saves_fids(struct agent_fields *fields, bool *saves_fids_out) {
  static const char word[] = "files";
  struct agent_field field;

  *saves_fids_out = !agent_fields_at_end(fields);
  if (!*saves_fids_out)
    return true;
  return agent_fields_next(fields, &field) && agent_fields_at_end(fields) && field.length == sizeof word - 1 &&
         memcmp(field.bytes, word, sizeof word - 1) == 0;
}

void agent_hold_request(struct agent_request request, struct agent_fields *fields) {
  char container[AGENT_NAME_MAX + 1];
  struct agent_process *process;
  enum thaw_error error;
  const char *reason;
  bool saves_fids;

  if (!agent_fields_name(fields, container) || !take_saves_fids(fields, &saves_fids)) {
    agent_control_error(request, THAW_E_MESSAGE, "HOLD is malformed");
    return;
  }
  process = agent_process_by_container(container);
  reason = refusal(process, &error);
  if (reason) {
    agent_control_error(request, error, "%s", reason);
    return;
  }
  if (!agent_store_remove(THAW_XS_WAKE)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot remove the wake node of an earlier freeze");
    return;
  }
  if (!agent_cgroup_of(process->pid, hold.cgroup) || !agent_cgroup_freeze(hold.cgroup, true)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot stop the container's processes: %s", strerror(errno));
    return;
  }
  process->state = AGENT_HELD;
  process->resume = agent_hold_release;
  strcpy(hold.container, container);
  hold.request = request;
  hold.saves_fids = saves_fids;
  hold.looks = 0;
  hold.timer = (struct agent_timer){.fire = look};
  agent_timer_set(&hold.timer, 0);
}
