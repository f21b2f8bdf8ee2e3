// SPDX-License-Identifier: Apache-2.0
/*
 * BEGIN: runs the program of a created container, or resumes a held one. The container may come from the template of
 * this domain.
 */
#define _GNU_SOURCE
#include "container/bundle.h"
#include "container/requests.h"
#include "container/start.h"
#include "guest/identity.h"
#include "process/data_channel.h"
#include "process/input.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOSTNAME_MAX 64
#define FILES_MAX 64

static const char *refusal(const struct thaw_begin *body, const struct agent_process *process,
                           enum thaw_error *error_out) {
  const struct agent_process *other = agent_process_by_id(body->process);

  *error_out = THAW_E_MESSAGE;
  if (body->process == 0 || body->files > FILES_MAX)
    return "BEGIN is malformed";
  *error_out = THAW_E_STATE;
  if (!agent_identity_is_set())
    return "IDENTITY has not come yet";
  if (!agent_channel_has_client(agent_data_channel()))
    return "No client is on the data channel";
  *error_out = THAW_E_NOENT;
  if (!process)
    return "No such container";
  *error_out = THAW_E_STATE;
  if (process->state != AGENT_CREATED && process->state != AGENT_HELD)
    return "The container is not waiting to begin";
  if (process->has_ended)
    return "The container ended before it began";
  if ((body->flags | THAW_PROCESS_STDIN) != (process->flags | THAW_PROCESS_STDIN) || body->flags & ~process->flags)
    return "The container was created with other streams";
  if (process->state == AGENT_HELD && body->flags & THAW_PROCESS_STDIN)
    return "The container's stdin had ended when it was frozen";
  *error_out = THAW_E_EXISTS;
  return other && other != process ? "The process id is in use" : NULL;
}

/* Sets the hostname in the container's namespace, which may be the guest's own. */
static bool set_hostname(pid_t pid, const struct agent_field *name) {
  char path[64];
  int own = -1, its = -1, saved;
  bool ok = false;

  if (name->length == 0)
    return true;
  snprintf(path, sizeof path, "/proc/%d/ns/uts", (int)pid);
  own = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
  its = open(path, O_RDONLY | O_CLOEXEC);
  if (own < 0 || its < 0 || setns(its, CLONE_NEWUTS) != 0)
    goto out;
  ok = sethostname((const char *)name->bytes, name->length) == 0;
  saved = errno;
  if (setns(own, CLONE_NEWUTS) != 0)
    ok = false;
  else
    errno = saved;
out:
  saved = errno;
  if (own >= 0)
    close(own);
  if (its >= 0)
    close(its);
  errno = saved;
  return ok;
}

/* From here on the process's streams belong to the present client. */
static void adopt(struct agent_process *process, const struct thaw_begin *body) {
  process->id = body->process;
  process->generation = agent_data_channel()->generation;
  process->state = AGENT_STARTING;
  if (!(body->flags & THAW_PROCESS_STDIN) && process->flags & THAW_PROCESS_STDIN) {
    process->flags &= ~(uint32_t)THAW_PROCESS_STDIN;
    agent_input_close(&process->input);
    process->input.grant = 0;
  }
  agent_process_resize(process, body->rows, body->cols);
}

static void go(struct agent_request request, const struct thaw_begin *body, struct agent_process *process) {
  struct agent_start *start = calloc(1, sizeof *start);

  if (!start) {
    agent_control_error(request, THAW_E_INTERNAL, "No memory");
    return;
  }
  start->request = request;
  start->process = process;
  agent_terminal_init(&start->terminal, process, body->rows, body->cols);
  agent_launch_learn_name(start);
  adopt(process, body);
  if (!agent_crun_let_go(process->container)) {
    snprintf(start->text, sizeof start->text, "Cannot let the container go on: %s", strerror(errno));
    agent_launch_fail(start);
    return;
  }
  agent_launch_follow(start);
}

/* All output from here on belongs to the present client: earlier output belonged to the client before the freeze. */
static void resume(struct agent_request request, const struct thaw_begin *body, struct agent_process *process) {
  uint32_t pid = (uint32_t)process->first_pid;

  process->id = body->process;
  process->generation = agent_data_channel()->generation;
  process->awaits_client = false;
  agent_process_renew(process);
  agent_control_ok(request, &pid, sizeof pid);
  process->resume();
}

void agent_begin_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_process *process;
  struct agent_field hostname;
  struct thaw_begin body;
  char container[AGENT_NAME_MAX + 1];
  enum thaw_error error;
  const char *reason;

  if (!agent_fields_struct(fields, &body, sizeof body) || !agent_fields_name(fields, container) ||
      !agent_fields_next(fields, &hostname) || hostname.length > HOSTNAME_MAX ||
      memchr(hostname.bytes, '\0', hostname.length)) {
    agent_control_error(request, THAW_E_MESSAGE, "BEGIN is malformed");
    return;
  }
  process = agent_process_by_container(container);
  reason = refusal(&body, process, &error);
  if (reason)
    agent_control_error(request, error, "%s", reason);
  else if (!agent_bundle_refresh(container, fields, body.files))
    agent_control_error(request, errno == EINVAL ? THAW_E_MESSAGE : THAW_E_INTERNAL,
                        "Cannot replace the container's files: %s", strerror(errno));
  else if (!set_hostname(process->pid, &hostname))
    agent_control_error(request, THAW_E_INTERNAL, "Cannot set the container's hostname: %s", strerror(errno));
  else if (process->state == AGENT_HELD)
    resume(request, &body, process);
  else
    go(request, &body, process);
}
