// SPDX-License-Identifier: Apache-2.0
/* LIMIT: changes the limits of a running container and freezes it, by the files of its cgroup. */
#include "container/request_container.h"
#include "container/requests.h"
#include "process/cgroup.h"

#include <errno.h>
#include <string.h>

#define VALUE_MAX 64
#define FILES 4

void agent_limit_request(struct agent_request request, struct agent_fields *fields) {
  static const char *const names[FILES] = {"cpu.max", "pids.max", "memory.max", "cgroup.freeze"};
  struct agent_fields rest = *fields;
  struct agent_field container, values[FILES];
  char folder[AGENT_PATH_MAX];
  bool ok = agent_fields_next(&rest, &container);

  for (int i = 0; ok && i < FILES; i++)
    ok = agent_fields_next(&rest, &values[i]) && values[i].length <= VALUE_MAX;
  if (!ok || !agent_fields_at_end(&rest)) {
    agent_control_error(request, THAW_E_MESSAGE, "LIMIT is malformed");
    return;
  }
  if (!agent_asked_cgroup(request, fields, folder))
    return;
  for (int i = 0; i < FILES; i++) {
    if (values[i].length > 0 && !agent_cgroup_write(folder, names[i], values[i].bytes, values[i].length)) {
      agent_control_error(request, THAW_E_INTERNAL, "Cannot write %s: %s", names[i], strerror(errno));
      return;
    }
  }
  agent_control_ok(request, NULL, 0);
}
