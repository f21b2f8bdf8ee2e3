// SPDX-License-Identifier: Apache-2.0
/* START and CREATE: checks the request, writes the bundle and runs crun. launch.c follows the run to its answer. */
#include "container/start.h"
#include "container/requests.h"

#include "container/bundle.h"
#include "guest/identity.h"
#include "process/data_channel.h"
#include "process/wiring.h"
#include "rootfs/mount.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64

const char *agent_start_refusal(const struct thaw_exec *head, enum agent_crun_verb verb, enum thaw_error *error_out) {
  *error_out = THAW_E_MESSAGE;
  if (head->process == 0 || head->flags & ~(uint32_t)(THAW_PROCESS_STDIN | THAW_PROCESS_TTY))
    return "The message is malformed";
  *error_out = THAW_E_STATE;
  if (verb != AGENT_CRUN_CREATE && !agent_identity_is_set())
    return "IDENTITY has not come yet";
  if (verb != AGENT_CRUN_CREATE && !agent_channel_has_client(agent_data_channel()))
    return "No client is on the data channel";
  *error_out = THAW_E_EXISTS;
  return agent_process_by_id(head->process) ? "The process id is in use" : NULL;
}

static const char *refusal(const struct thaw_exec *head, const struct thaw_start *body, enum agent_crun_verb verb,
                           const char *container, const char *rootfs, enum thaw_error *error_out) {
  const char *reason = agent_start_refusal(head, verb, error_out);

  if (reason)
    return reason;
  *error_out = THAW_E_MESSAGE;
  if (body->files > FILES_MAX)
    return "The message is malformed";
  *error_out = THAW_E_EXISTS;
  if (agent_process_by_container(container))
    return "A container of this name exists";
  *error_out = THAW_E_NOENT;
  return *rootfs == '\0' || agent_mount_exists(rootfs) ? NULL : "No such root filesystem is mounted";
}

bool agent_start_process(struct agent_request request, const struct thaw_exec *head, enum agent_crun_verb verb,
                         const char *container, const char *folder, const char *rootfs) {
  struct agent_start *start = calloc(1, sizeof *start);
  struct agent_process *process = start ? agent_process_new(head->process, head->flags) : NULL;
  int fds[3] = {-1, -1, -1}, saved;
  bool ok = false;

  if (!process)
    goto out;
  process->generation = agent_data_channel()->generation;
  process->is_exec = verb == AGENT_CRUN_EXEC;
  strcpy(process->container, container);
  strcpy(process->rootfs, rootfs);
  start->request = request;
  start->process = process;
  start->verb = verb;
  strcpy(start->folder, folder);
  agent_terminal_init(&start->terminal, process, head->rows, head->cols);
  if (!agent_wire(process, fds) || (head->flags & THAW_PROCESS_TTY && !agent_terminal_listen(&start->terminal)))
    goto out;
  agent_launch(start, fds);
  ok = true;
out:
  saved = errno;
  if (!ok && process) {
    agent_terminal_close(&start->terminal);
    agent_process_free(process);
  }
  if (!ok)
    free(start);
  agent_unwire(fds);
  errno = saved;
  return ok;
}

static void handle(struct agent_request request, struct agent_fields *fields, enum agent_crun_verb verb) {
  char container[AGENT_NAME_MAX + 1], rootfs[AGENT_NAME_MAX + 1];
  struct agent_field config;
  struct thaw_start body;
  struct thaw_exec head;
  enum thaw_error error;
  const char *reason;

  if (!agent_fields_struct(fields, &body, sizeof body) || !agent_fields_name(fields, container) ||
      !agent_fields_name_or_none(fields, rootfs) || !agent_fields_next(fields, &config)) {
    agent_control_error(request, THAW_E_MESSAGE, "The message is malformed");
    return;
  }
  head = (struct thaw_exec){body.process, body.flags, body.rows, body.cols};
  reason = refusal(&head, &body, verb, container, rootfs, &error);
  if (reason) {
    agent_control_error(request, error, "%s", reason);
    return;
  }
  if (!agent_bundle_write(container, &config, fields, body.files)) {
    agent_control_error(request, errno == EINVAL ? THAW_E_MESSAGE : THAW_E_INTERNAL, "Cannot write the bundle: %s",
                        strerror(errno));
    return;
  }
  if (!agent_start_process(request, &head, verb, container, container, rootfs)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot start the container: %s", strerror(errno));
    agent_bundle_remove(container);
  }
}

void agent_start_request(struct agent_request request, struct agent_fields *fields) {
  handle(request, fields, AGENT_CRUN_RUN);
}

void agent_create_request(struct agent_request request, struct agent_fields *fields) {
  handle(request, fields, AGENT_CRUN_CREATE);
}
