// SPDX-License-Identifier: Apache-2.0
/* Finds the cgroup of the container that a request names. */
#include "container/request_container.h"

#include "process/cgroup.h"
#include "process/process.h"

#include <errno.h>
#include <string.h>

bool agent_asked_cgroup(struct agent_request request, struct agent_fields *fields, char folder[AGENT_PATH_MAX]) {
  char container[AGENT_NAME_MAX + 1];
  const struct agent_process *process;

  if (!agent_fields_name(fields, container)) {
    agent_control_error(request, THAW_E_MESSAGE, "A question about a container is malformed");
    return false;
  }
  process = agent_process_by_container(container);
  if (!process) {
    agent_control_error(request, THAW_E_NOENT, "No such container");
  } else if (process->pid == 0 || process->has_ended) {
    agent_control_error(request, THAW_E_STATE, "The container does not run");
  } else if (!agent_cgroup_of(process->pid, folder)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot find the container's cgroup: %s", strerror(errno));
  } else {
    return true;
  }
  return false;
}
