// SPDX-License-Identifier: Apache-2.0
/* START and CREATE: may this container be, and what does it start with? launch.c goes on from there. */
#include "start.h"

#include "bundle.h"
#include "data.h"
#include "identity.h"
#include "mount.h"
#include "wiring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64

static const char *refusal(const struct thaw_start *body, bool only_create, const char *container, const char *rootfs,
                           enum thaw_error *error_out) {
  *error_out = THAW_E_MESSAGE;
  if (body->process == 0 || body->files > FILES_MAX || body->flags & ~(uint32_t)(THAW_PROCESS_STDIN | THAW_PROCESS_TTY))
    return "The message is malformed";
  *error_out = THAW_E_STATE;
  if (!only_create && !agent_identity_is_set())
    return "IDENTITY has not come yet";
  if (!only_create && !agent_channel_has_client(agent_data_channel()))
    return "No client is on the data channel";
  *error_out = THAW_E_EXISTS;
  if (agent_process_by_id(body->process))
    return "The process id is in use";
  if (agent_process_by_container(container))
    return "A container of this name exists";
  *error_out = THAW_E_NOENT;
  return agent_mount_exists(rootfs) ? NULL : "No such root filesystem is mounted";
}

/* False: errno says why; nothing is left but the bundle. */
static bool begin(struct agent_request request, const struct thaw_start *body, bool only_create, const char *container,
                  const char *rootfs) {
  struct agent_start *start = calloc(1, sizeof *start);
  struct agent_process *process = start ? agent_process_new(body->process, body->flags) : NULL;
  int fds[3] = {-1, -1, -1}, saved;

  if (!process)
    goto fail;
  process->generation = agent_data_channel()->generation;
  strcpy(process->container, container);
  strcpy(process->rootfs, rootfs);
  start->request = request;
  start->process = process;
  start->only_create = only_create;
  agent_terminal_init(&start->terminal, process, body->rows, body->cols);
  if (!agent_wire(process, fds) || (body->flags & THAW_PROCESS_TTY && !agent_terminal_listen(&start->terminal)))
    goto fail;
  agent_launch(start, fds);
  agent_unwire(fds);
  return true;
fail:
  saved = errno;
  if (process) {
    agent_terminal_close(&start->terminal);
    agent_process_free(process);
  }
  free(start);
  agent_unwire(fds);
  errno = saved;
  return false;
}

static void handle(struct agent_request request, struct agent_fields *fields, bool only_create) {
  char container[AGENT_NAME_MAX + 1], rootfs[AGENT_NAME_MAX + 1];
  struct agent_field config;
  struct thaw_start body;
  enum thaw_error error;
  const char *reason;

  if (!agent_fields_struct(fields, &body, sizeof body) || !agent_fields_name(fields, container) ||
      !agent_fields_name(fields, rootfs) || !agent_fields_next(fields, &config)) {
    agent_control_error(request, THAW_E_MESSAGE, "The message is malformed");
    return;
  }
  reason = refusal(&body, only_create, container, rootfs, &error);
  if (reason) {
    agent_control_error(request, error, "%s", reason);
    return;
  }
  if (!agent_bundle_write(container, &config, fields, body.files)) {
    agent_control_error(request, errno == EINVAL ? THAW_E_MESSAGE : THAW_E_INTERNAL, "Cannot write the bundle: %s",
                        strerror(errno));
    return;
  }
  if (!begin(request, &body, only_create, container, rootfs)) {
    agent_control_error(request, THAW_E_INTERNAL, "Cannot start the container: %s", strerror(errno));
    agent_bundle_remove(container);
  }
}

void agent_start_request(struct agent_request request, struct agent_fields *fields) {
  handle(request, fields, false);
}

void agent_create_request(struct agent_request request, struct agent_fields *fields) {
  handle(request, fields, true);
}
