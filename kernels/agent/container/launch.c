// SPDX-License-Identifier: Apache-2.0
/*
 * Follows a run of crun until its program runs. The order: run crun without waiting, learn the pid, wait until the
 * program has replaced crun (exec may still fail), answer. crun's own messages share the container's stderr, so no
 * stream flows before the answer. A failed start leaves no container and no bundle.
 */
#define _GNU_SOURCE
#include "base/log.h"
#include "container/bundle.h"
#include "container/start.h"
#include "process/orphan.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LOOKS 10
#define FIRST_LOOK_NS (200 * AGENT_MS / 1000)
#define LATER_LOOK_NS (2 * AGENT_MS)
#define LOOKS_MAX 1000 /* two seconds: after that the program itself must bear crun's name */

static struct agent_start *starts;

static void on_crun_ended(struct agent_crun *crun, bool ok);
static void look(struct agent_timer *timer);

void agent_launch_name_of(pid_t pid, char name[AGENT_COMM_MAX]) {
  char path[64];
  ssize_t length = -1;
  int fd;

  snprintf(path, sizeof path, "/proc/%d/comm", (int)pid);
  fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    length = read(fd, name, AGENT_COMM_MAX - 1);
    close(fd);
  }
  name[length > 0 ? length : 0] = '\0';
}

/* Returns true if a process of this name has replaced crun by its program. */
static bool has_execed(const struct agent_start *start, const char *name) {
  return name[0] != '\0' && strcmp(name, start->runtime_name) != 0;
}

static void forget(struct agent_start *start) {
  struct agent_start **link = &starts;

  while (*link != start)
    link = &(*link)->next;
  *link = start->next;
  agent_timer_clear(&start->look);
  agent_terminal_close(&start->terminal);
  free(start);
}

static void fail_clean(struct agent_start *start) {
  agent_bundle_remove(start->folder);
  agent_control_error(start->request, start->error, "%s", start->text);
  agent_process_free(start->process);
  forget(start);
}

static void on_deleted(struct agent_crun *crun, bool ok) {
  struct agent_start *start = crun->owner;

  if (!ok)
    agent_log("container %s: crun could not delete it", start->process->container);
  fail_clean(start);
}

static void fail(struct agent_start *start) {
  start->error = agent_crun_classify(start->text);
  if (start->process->pid > 0)
    kill(start->process->pid, SIGKILL);
  start->crun = (struct agent_crun){.done = on_deleted, .owner = start};
  if (start->verb == AGENT_CRUN_EXEC || !agent_crun_knows(start->process->container) ||
      !agent_crun_delete(&start->crun, start->process->container))
    fail_clean(start);
}

/* exec failed after crun had ended: its child wrote the error to the container's stderr. */
static void fail_exec(struct agent_start *start) {
  struct agent_process *process = start->process;
  ssize_t length = read(process->outputs[process->terminal < 0].source.fd, start->text, sizeof start->text - 1);
  char *message;

  while (length > 0 && (start->text[length - 1] == '\n' || start->text[length - 1] == '\r'))
    length--;
  start->text[length > 0 ? length : 0] = '\0';
  message = strstr(start->text, start->verb == AGENT_CRUN_EXEC ? "exec: " : "exec container process");
  if (message)
    memmove(start->text, message, strlen(message) + 1);
  else
    snprintf(start->text, sizeof start->text, "The program ended before it ran");
  fail(start);
}

static void succeed(struct agent_start *start) {
  struct agent_process *process = start->process;
  uint32_t pid = (uint32_t)process->first_pid;

  agent_control_ok(start->request, &pid, sizeof pid);
  if (start->verb == AGENT_CRUN_EXEC)
    agent_bundle_remove(start->folder);
  if (start->verb == AGENT_CRUN_CREATE)
    process->state = AGENT_CREATED;
  else
    agent_process_run(process);
  forget(start);
  agent_process_release(process);
}

static void enlist(struct agent_start *start) {
  start->next = starts;
  starts = start;
  start->look = (struct agent_timer){.fire = look, .owner = start};
}

void agent_launch_follow(struct agent_start *start) {
  enlist(start);
  look(&start->look);
}

void agent_launch_fail(struct agent_start *start) {
  enlist(start);
  fail(start);
}

void agent_launch_learn_name(struct agent_start *start) {
  agent_launch_name_of(start->process->pid, start->runtime_name);
}

void agent_launch(struct agent_start *start, const int fds[3]) {
  enlist(start);
  start->crun = (struct agent_crun){.done = on_crun_ended, .owner = start};
  if (agent_crun_start(&start->crun, start->verb, start->process->container, start->folder,
                       agent_terminal_path(&start->terminal), fds))
    return;
  snprintf(start->text, sizeof start->text, "Cannot start crun: no process or memory left");
  fail(start);
}

/* crun's pid file names the process. It is alive, or it died before the agent knew its pid. */
static void learn_pid(struct agent_start *start) {
  struct agent_process *process = start->process;
  char name[AGENT_COMM_MAX];
  int wait_status;

  if (process->has_ended || process->pid > 0)
    return;
  process->pid = process->first_pid = agent_bundle_pid(start->folder);
  if (process->pid <= 0 || !agent_orphan_take(process->pid, &wait_status, name))
    return;
  process->has_execed = has_execed(start, name);
  agent_process_end(process, wait_status);
}

static void on_crun_ended(struct agent_crun *crun, bool ok) {
  struct agent_start *start = crun->owner;
  struct agent_process *process = start->process;

  learn_pid(start);
  if (!ok || process->first_pid <= 0) {
    agent_crun_last_words(crun, start->folder, start->text);
    fail(start);
    return;
  }
  agent_terminal_receive(&start->terminal);
  if (start->verb == AGENT_CRUN_CREATE && !process->has_ended)
    succeed(start);
  else
    look(&start->look);
}

static void look(struct agent_timer *timer) {
  struct agent_start *start = timer->owner;
  struct agent_process *process = start->process;
  char name[AGENT_COMM_MAX] = "";

  if (process->has_ended && !process->has_execed) {
    fail_exec(start);
    return;
  }
  if (!process->has_ended && ++start->looks < LOOKS_MAX)
    agent_launch_name_of(process->pid, name);
  if (name[0] != '\0' && !has_execed(start, name))
    agent_timer_set(timer, start->looks < FIRST_LOOKS ? FIRST_LOOK_NS : LATER_LOOK_NS);
  else
    succeed(start);
}

void agent_launch_before_reap(pid_t pid, const char name[AGENT_COMM_MAX]) {
  for (struct agent_start *start = starts; start; start = start->next) {
    struct agent_process *process = start->process;

    if (start->crun.child.pid == pid)
      strcpy(start->runtime_name, name);
    if (process->pid == 0 && !process->has_ended && agent_bundle_pid(start->folder) == pid)
      process->pid = process->first_pid = pid;
    if (process->pid != pid)
      continue;
    if (start->runtime_name[0] == '\0')
      agent_launch_name_of(start->crun.child.pid, start->runtime_name);
    process->has_execed = has_execed(start, name);
  }
}

bool agent_launch_is_busy(void) {
  return starts != NULL;
}
