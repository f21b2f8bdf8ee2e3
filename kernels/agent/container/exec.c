// SPDX-License-Identifier: Apache-2.0
/* EXEC: runs one more process in a container. It starts in the same way as the container's first process. */
#include "container/requests.h"
#include "container/start.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char *refusal(const struct thaw_exec *head, const char *container, enum thaw_error *error_out) {
  const struct agent_process *first = agent_process_by_container(container);
  const char *reason = agent_start_refusal(head, AGENT_CRUN_EXEC, error_out);

  if (reason)
    return reason;
  *error_out = THAW_E_NOENT;
  if (!first)
    return "No such container";
  *error_out = THAW_E_STATE;
  return first->state == AGENT_RUNNING ? NULL : "The container does not run";
}

void agent_exec_request(struct agent_request request, struct agent_fields *fields) {
  char container[AGENT_NAME_MAX + 1], folder[AGENT_FOLDER_MAX];
  struct agent_field process;
  struct thaw_exec head;
  enum thaw_error error;
  const char *reason;

  if (!agent_fields_struct(fields, &head, sizeof head) || !agent_fields_name(fields, container) ||
      !agent_fields_next(fields, &process) || !agent_fields_at_end(fields)) {
    agent_control_error(request, THAW_E_MESSAGE, "EXEC is malformed");
    return;
  }
  reason = refusal(&head, container, &error);
  if (reason) {
    agent_control_error(request, error, "%s", reason);
    return;
  }
  snprintf(folder, sizeof folder, "%s/exec-%u", container, head.process);
  if (!agent_bundle_write_process(folder, &process)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot write process.json: %s", strerror(errno));
    return;
  }
  if (!agent_start_process(request, &head, AGENT_CRUN_EXEC, container, folder, "")) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot start the process: %s", strerror(errno));
    agent_bundle_remove(folder);
  }
}
