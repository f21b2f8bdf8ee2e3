// SPDX-License-Identifier: Apache-2.0
/* The table of processes, and the end of each record. */
#define _GNU_SOURCE
#include "process/process.h"

#include "base/log.h"
#include "process/cgroup.h"
#include "process/input.h"
#include "process/output.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct agent_process *processes;
static unsigned count;
static const struct agent_process_channel *channel;

void agent_process_init(const struct agent_process_channel *its_channel) {
  channel = its_channel;
}

struct agent_process *agent_process_new(uint32_t id, uint32_t flags) {
  struct agent_process *process = count < AGENT_PROCESSES_MAX ? calloc(1, sizeof *process) : NULL;

  if (!process)
    return NULL;
  process->id = id;
  process->flags = flags;
  process->terminal = -1;
  agent_output_init(&process->outputs[0], process, THAW_STDOUT);
  agent_output_init(&process->outputs[1], process, THAW_STDERR);
  if (!agent_input_init(&process->input, process)) {
    for (int i = 0; i < 2; i++)
      agent_output_close(&process->outputs[i]);
    free(process);
    return NULL;
  }
  process->next = processes;
  processes = process;
  count++;
  return process;
}

/* Resumes the cgroup that is frozen for this process. */
static void resume_cgroup(struct agent_process *process) {
  if (!process->frozen_cgroup)
    return;
  /* a container that was killed meanwhile has no cgroup any more */
  if (!agent_cgroup_freeze(process->frozen_cgroup, false) && errno != ENOENT)
    agent_log("%s stays frozen: %s", process->container, strerror(errno));
  free(process->frozen_cgroup);
  process->frozen_cgroup = NULL;
}

void agent_process_free(struct agent_process *process) {
  struct agent_process **link = &processes;

  resume_cgroup(process);
  channel->forget(process);
  while (*link != process)
    link = &(*link)->next;
  *link = process->next;
  count--;
  agent_input_close(&process->input);
  free(process->input.buffer);
  for (int i = 0; i < 2; i++)
    agent_output_close(&process->outputs[i]);
  if (process->terminal >= 0)
    close(process->terminal);
  free(process);
}

struct agent_process *agent_process_first(void) {
  return processes;
}

struct agent_process *agent_process_by_id(uint32_t id) {
  struct agent_process *process = processes;

  while (process && process->id != id)
    process = process->next;
  return process;
}

struct agent_process *agent_process_by_container(const char *container) {
  struct agent_process *process = processes;

  while (process && (process->is_exec || process->is_deleted || strcmp(process->container, container) != 0))
    process = process->next;
  return process;
}

void agent_process_kill_guests(const char *container) {
  for (struct agent_process *process = processes; process; process = process->next)
    if (process->is_exec && strcmp(process->container, container) == 0)
      agent_process_signal(process, SIGKILL);
}

bool agent_process_any_left(const char *container) {
  for (struct agent_process *process = processes; process; process = process->next)
    if (!process->is_deleted && !process->has_ended && strcmp(process->container, container) == 0)
      return true;
  return false;
}

struct agent_process *agent_process_by_pid(pid_t pid) {
  struct agent_process *process = processes;

  while (process && process->pid != pid)
    process = process->next;
  return process;
}

void agent_process_attach_terminal(struct agent_process *process, int terminal) {
  process->terminal = terminal;
  process->outputs[0].source.fd = terminal;
  process->input.source.fd = process->flags & THAW_PROCESS_STDIN ? terminal : -1;
  agent_input_pump(&process->input);
}

void agent_process_run(struct agent_process *process) {
  process->state = process->has_ended ? AGENT_EXITED : AGENT_RUNNING;
  for (int i = 0; i < 2; i++) {
    process->outputs[i].is_ready = true;
    if (process->has_ended)
      agent_output_limit(&process->outputs[i]);
  }
  agent_loop_again();
}

void agent_process_renew(struct agent_process *process) {
  process->flags &= ~(uint32_t)THAW_PROCESS_STDIN;
  agent_input_renew(&process->input);
  for (int i = 0; i < 2; i++)
    agent_output_renew(&process->outputs[i]);
}

void agent_process_end(struct agent_process *process, int wait_status) {
  process->pid = 0;
  process->has_ended = true;
  resume_cgroup(process);
  if (WIFSIGNALED(wait_status))
    process->exit = (struct thaw_exit){THAW_SIGNALED, (uint32_t)WTERMSIG(wait_status)};
  else
    process->exit = (struct thaw_exit){THAW_EXITED, (uint32_t)WEXITSTATUS(wait_status)};
  if (process->state == AGENT_RUNNING)
    agent_process_run(process);
  agent_process_release(process);
}

void agent_process_release(struct agent_process *process) {
  bool is_told =
      process->is_exit_sent || process->state == AGENT_CREATED; /* a process that never began was never announced */

  /* while a start waits for its answer, the start owns the process */
  bool is_done = process->is_exec ? process->state == AGENT_EXITED : process->is_deleted;

  if (is_done && (is_told || (!channel->serves(process) && !process->awaits_client)))
    agent_process_free(process);
}

bool agent_process_signal(struct agent_process *process, uint32_t signal) {
  if (signal < 1 || signal > 64)
    return false;
  if (process->pid > 0)
    kill(process->pid, (int)signal);
  return true;
}

void agent_process_stop_reading(struct agent_process *process, struct agent_output *output) {
  agent_output_close(output);
  if (process->terminal >= 0) {
    agent_input_close(&process->input);
    close(process->terminal);
    process->terminal = -1;
  }
  agent_loop_again();
}

void agent_process_resize(struct agent_process *process, uint16_t rows, uint16_t cols) {
  struct winsize size = {.ws_row = rows, .ws_col = cols};

  if (process->terminal >= 0 && (rows || cols))
    ioctl(process->terminal, TIOCSWINSZ, &size);
}
