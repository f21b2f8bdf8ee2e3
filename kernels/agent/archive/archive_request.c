// SPDX-License-Identifier: Apache-2.0
/* ARCHIVE: reads or writes an archive as a process of the data channel. The process runs the agent's own program,
 * see archive.c. */
#define _GNU_SOURCE
#include "archive/archive.h"
#include "archive/request.h"
#include "base/child.h"
#include "base/options.h"
#include "base/path.h"
#include "container/start.h"
#include "process/cgroup.h"
#include "process/data_channel.h"
#include "process/wiring.h"
#include "rootfs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct request {
  struct thaw_archive head;
  char container[AGENT_NAME_MAX + 1], rootfs[AGENT_NAME_MAX + 1]; /* container "": uses no container's mounts */
  char path[TAR_PATH_MAX], name[256];
};

static bool text(struct agent_fields *fields, char *out, size_t size) {
  struct agent_field field;

  if (!agent_fields_next(fields, &field) || field.length >= size || memchr(field.bytes, '\0', field.length))
    return false;
  memcpy(out, field.bytes, field.length);
  out[field.length] = '\0';
  return true;
}

static bool parse(struct agent_fields *fields, struct request *request) {
  const struct thaw_archive *head = &request->head;
  struct agent_fields before;

  if (!agent_fields_struct(fields, &request->head, sizeof request->head))
    return false;
  before = *fields;
  if (!agent_fields_name(fields, request->container)) {
    *fields = before;
    if (!text(fields, request->container, 1))
      return false;
  }
  return agent_fields_name(fields, request->rootfs) && text(fields, request->path, sizeof request->path) &&
         text(fields, request->name, sizeof request->name) && agent_fields_at_end(fields) && head->process != 0 &&
         !(head->flags & ~(uint32_t)THAW_PROCESS_STDIN) && head->verb >= THAW_ARCHIVE_PACK &&
         head->verb <= THAW_ARCHIVE_LAYER && !strchr(request->name, '/');
}

static const char *refusal(const struct request *request, enum thaw_error *error_out, pid_t *pid_out) {
  const struct thaw_exec head = {.process = request->head.process, .flags = request->head.flags};
  const char *reason = agent_start_refusal(&head, AGENT_CRUN_EXEC, error_out);
  const struct agent_process *first;

  *pid_out = 0;
  if (reason)
    return reason;
  *error_out = THAW_E_MESSAGE;
  if (request->head.options & THAW_ARCHIVE_FROZEN && request->container[0] == '\0')
    return "No container is named that could be frozen";
  *error_out = THAW_E_NOENT;
  if (!agent_mount_exists(request->rootfs))
    return "No such root filesystem is mounted";
  if (request->container[0] == '\0')
    return NULL;
  first = agent_process_by_container(request->container);
  if (!first)
    return "No such container";
  *error_out = THAW_E_STATE;
  *pid_out = first->pid;
  return first->state == AGENT_RUNNING && first->pid > 0 ? NULL : "The container does not run";
}

/* Asks the kernel to freeze the container; the archive process waits until it is frozen. */
static bool freeze(struct agent_process *process, pid_t pid) {
  char cgroup[AGENT_PATH_MAX];

  if (!agent_cgroup_of(pid, cgroup))
    return false;
  process->frozen_cgroup = strdup(cgroup);
  return process->frozen_cgroup && agent_cgroup_freeze(cgroup, true);
}

/* CHANGES and LAYER read the root filesystem as it is mounted, so they enter no container's mounts. */
static bool enters(uint32_t verb) {
  return verb != THAW_ARCHIVE_CHANGES && verb != THAW_ARCHIVE_LAYER;
}

static bool spawn(const struct request *request, pid_t pid) {
  char verb[12], options[12], uid[12], gid[12], first[12], folder[AGENT_PATH_MAX];
  const char *argv[] = {ARCHIVE_NAME, verb, options, uid, gid, first, folder, request->path, request->name, "", NULL};
  const struct thaw_archive *head = &request->head;
  struct agent_process *process = agent_process_new(head->process, head->flags);
  int fds[3] = {-1, -1, -1}, self = open("/proc/self/exe", O_PATH | O_CLOEXEC), saved;
  bool ok = false;

  snprintf(verb, sizeof verb, "%u", head->verb);
  snprintf(options, sizeof options, "%u", head->options);
  snprintf(uid, sizeof uid, "%u", head->uid);
  snprintf(gid, sizeof gid, "%u", head->gid);
  snprintf(first, sizeof first, "%d", enters(head->verb) ? (int)pid : 0);
  agent_path(folder, "%s/roots/%s", agent_options.run, request->rootfs);
  if (!process || self < 0)
    goto out;
  process->generation = agent_data_channel()->generation;
  process->is_exec = true;
  strcpy(process->container, request->container);
  strcpy(process->rootfs, request->rootfs);
  if (head->options & THAW_ARCHIVE_FROZEN) {
    if (!freeze(process, pid))
      goto out;
    argv[9] = process->frozen_cgroup;
  }
  if (!agent_wire(process, fds))
    goto out;
  process->pid = process->first_pid = agent_child_start(self, argv, fds);
  if (process->pid == 0)
    goto out;
  agent_process_run(process);
  ok = true;
out:
  saved = errno;
  if (!ok && process)
    agent_process_free(process);
  agent_unwire(fds);
  if (self >= 0)
    close(self);
  errno = saved;
  return ok;
}

void agent_archive_request(struct agent_request request, struct agent_fields *fields) {
  static struct request wanted; /* too large for the stack */
  enum thaw_error error;
  const char *reason;
  pid_t pid;

  if (!parse(fields, &wanted)) {
    agent_control_error(request, THAW_E_MESSAGE, "ARCHIVE is malformed");
    return;
  }
  reason = refusal(&wanted, &error, &pid);
  if (reason)
    agent_control_error(request, error, "%s", reason);
  else if (!spawn(&wanted, pid))
    agent_control_error(request, THAW_E_INTERNAL, "Cannot run the agent anew: %s", strerror(errno));
  else
    agent_control_ok(request, NULL, 0);
}
