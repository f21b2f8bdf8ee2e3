// SPDX-License-Identifier: Apache-2.0
/* KILL and DELETE: ends a container's processes and removes its state and its bundle. */
#include "container/bundle.h"
#include "container/crun.h"
#include "container/requests.h"
#include "process/process.h"
#include "protocol/control.h"
#include "rootfs/shm.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define REAP_POLL_NS (1 * AGENT_MS)
#define REAP_POLLS 5000 /* after SIGKILL a process that is left must be stuck in the kernel */

struct deletion {
  struct agent_request request;
  char container[AGENT_NAME_MAX + 1];
  struct agent_crun crun;
  struct agent_timer poll;
  unsigned polls;
};

void agent_kill_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_process *process;
  struct thaw_kill body;

  if (!agent_fields_struct(fields, &body, sizeof body) || !agent_fields_at_end(fields) || body.signal < 1 ||
      body.signal > 64) {
    agent_control_error(request, THAW_E_MESSAGE, "KILL is malformed");
    return;
  }
  process = agent_process_by_id(body.process);
  if (!process || process->has_ended) {
    agent_control_error(request, THAW_E_NOENT, "Process %u does not run", body.process);
  } else if (process->state == AGENT_STARTING) {
    agent_control_error(request, THAW_E_STATE, "Process %u is starting", body.process);
  } else {
    agent_process_signal(process, body.signal);
    agent_control_ok(request, NULL, 0);
  }
}

static void finish(struct agent_timer *timer) {
  struct deletion *deletion = timer->owner;
  struct agent_process *process = agent_process_by_container(deletion->container);

  if (agent_process_any_left(deletion->container)) {
    if (++deletion->polls < REAP_POLLS) {
      agent_timer_set(timer, REAP_POLL_NS);
      return;
    }
    agent_control_error(deletion->request, THAW_E_BUSY, "The container's processes do not die");
  } else {
    agent_bundle_remove(deletion->container);
    agent_shm_end(deletion->container);
    if (process) {
      process->is_deleted = true;
      agent_process_release(process);
    }
    agent_control_ok(deletion->request, NULL, 0);
  }
  free(deletion);
}

static void on_crun_ended(struct agent_crun *crun, bool ok) {
  struct deletion *deletion = crun->owner;

  if (!ok && agent_crun_knows(deletion->container)) {
    agent_control_error(deletion->request, THAW_E_CRUN, "crun could not delete the container");
    free(deletion);
    return;
  }
  finish(&deletion->poll);
}

void agent_delete_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_process *process;
  struct deletion *deletion;
  char container[AGENT_NAME_MAX + 1];

  if (!agent_fields_name(fields, container) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "DELETE is malformed");
    return;
  }
  process = agent_process_by_container(container);
  if (process && process->state == AGENT_STARTING) {
    agent_control_error(request, THAW_E_BUSY, "The container is starting");
    return;
  }
  deletion = calloc(1, sizeof *deletion);
  if (!deletion) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
    return;
  }
  deletion->request = request;
  strcpy(deletion->container, container);
  deletion->crun = (struct agent_crun){.done = on_crun_ended, .owner = deletion};
  deletion->poll = (struct agent_timer){.fire = finish, .owner = deletion};
  if (process)
    agent_process_signal(process, SIGKILL);
  agent_process_kill_guests(container);
  if (!agent_crun_knows(container)) {
    finish(&deletion->poll);
  } else if (!agent_crun_delete(&deletion->crun, container)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot run crun: %s", strerror(errno));
    free(deletion);
  }
}
