/* SPDX-License-Identifier: Apache-2.0 */
/* The processes that there are, and what happens to one. */
#ifndef AGENT_PROCESS_H
#define AGENT_PROCESS_H

#include "process/record.h"

#define AGENT_PROCESSES_MAX 256

/* The data channel, as the table of processes needs it. */
struct agent_process_channel {
  /* Whether the client that this process was started for is still there. */
  bool (*serves)(const struct agent_process *process);
  /* The record is about to be freed. */
  void (*forget)(const struct agent_process *process);
};

/* Call before the first process is made. The channel must stay. */
void agent_process_init(const struct agent_process_channel *channel);

/* NULL: no memory or too many. In the table from now on. */
struct agent_process *agent_process_new(uint32_t id, uint32_t flags);
void agent_process_free(struct agent_process *process);

struct agent_process *agent_process_first(void);
struct agent_process *agent_process_by_id(uint32_t id);
struct agent_process *agent_process_by_container(const char *container); /* its first process */
struct agent_process *agent_process_by_pid(pid_t pid);

/* SIGKILL for all that EXEC put into a container. */
void agent_process_kill_guests(const char *container);

/* Whether a process of a container, its first one or another, has not ended yet. */
bool agent_process_any_left(const char *container);

/* The pty master has come: it is stdin and stdout from now on. */
void agent_process_attach_terminal(struct agent_process *process, int terminal);

/* The program runs, or goes on: streams flow, and an end that came meanwhile is told. */
void agent_process_run(struct agent_process *process);

/* In a copy of the guest: its streams begin anew for a client that knows nothing of what went before. */
void agent_process_renew(struct agent_process *process);

/* Reaped with this status. */
void agent_process_end(struct agent_process *process, int wait_status);

/* Frees the record when neither dom0 nor the data channel needs it any more. */
void agent_process_release(struct agent_process *process);

/* False: no such signal. */
bool agent_process_signal(struct agent_process *process, uint32_t signal);

/* Nobody reads this output any more: its writer gets SIGPIPE, a terminal's session SIGHUP. */
void agent_process_stop_reading(struct agent_process *process, struct agent_output *output);

void agent_process_resize(struct agent_process *process, uint16_t rows, uint16_t cols);

#endif
