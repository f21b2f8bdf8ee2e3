// SPDX-License-Identifier: Apache-2.0
/* LIMIT: how do a container's limits change while it runs? In the files of its cgroup that crun wrote when it started.
 */
#include "asked.h"
#include "cgroup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define VALUE_MAX 64

/* False: the request has its error. An empty value leaves the file as it is. */
static bool set(struct agent_request request, const char *folder, const char *name, const struct agent_field *value) {
  if (value->length == 0 || agent_cgroup_write(folder, name, value->bytes, value->length))
    return true;
  agent_control_error(request, THAW_E_INTERNAL, "Cannot write %s: %s", name, strerror(errno));
  return false;
}

void agent_limit_request(struct agent_request request, struct agent_fields *fields) {
  struct agent_fields values = *fields;
  struct agent_field container, cpu, pids;
  char folder[AGENT_PATH_MAX];

  if (!agent_fields_next(&values, &container) || !agent_fields_next(&values, &cpu) ||
      !agent_fields_next(&values, &pids) || !agent_fields_at_end(&values) || cpu.length > VALUE_MAX ||
      pids.length > VALUE_MAX) {
    agent_control_error(request, THAW_E_MESSAGE, "LIMIT is malformed");
    return;
  }
  if (agent_asked_cgroup(request, fields, folder) && set(request, folder, "cpu.max", &cpu) &&
      set(request, folder, "pids.max", &pids))
    agent_control_ok(request, NULL, 0);
}
