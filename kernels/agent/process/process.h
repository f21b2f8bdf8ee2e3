/* SPDX-License-Identifier: Apache-2.0 */
/* The table of processes and the operations on one process. */
#ifndef AGENT_PROCESS_H
#define AGENT_PROCESS_H

#include "process/record.h"

#define AGENT_PROCESSES_MAX 256

/* The data channel's interface to the table of processes. */
struct agent_process_channel {
  /* Returns true while the client of this process is connected. */
  bool (*serves)(const struct agent_process *process);
  /* Called before the record is freed. */
  void (*forget)(const struct agent_process *process);
};

/* Must be called before the first process is made. The channel must stay valid. */
void agent_process_init(const struct agent_process_channel *channel);

/* Adds a process to the table. NULL: no memory or too many processes. */
struct agent_process *agent_process_new(uint32_t id, uint32_t flags);
void agent_process_free(struct agent_process *process);

struct agent_process *agent_process_first(void);
struct agent_process *agent_process_by_id(uint32_t id);
struct agent_process *agent_process_by_container(const char *container); /* the container's first process */
struct agent_process *agent_process_by_pid(pid_t pid);

/* Sends SIGKILL to all EXEC processes of a container. */
void agent_process_kill_guests(const char *container);

/* Returns true while any process of a container runs, its first one or one of EXEC. */
bool agent_process_any_left(const char *container);

/* Makes the received pty master the process's stdin and stdout. */
void agent_process_attach_terminal(struct agent_process *process, int terminal);

/* Called when the program runs or resumes: streams flow, and an end that came meanwhile is reported. */
void agent_process_run(struct agent_process *process);

/* In a copy of the guest: resets the process's streams for a client that knows nothing of the earlier ones. */
void agent_process_renew(struct agent_process *process);

/* Records the status of a reaped process. */
void agent_process_end(struct agent_process *process, int wait_status);

/* Frees the record when neither dom0 nor the data channel needs it any more. */
void agent_process_release(struct agent_process *process);

/* False: no such signal. */
bool agent_process_signal(struct agent_process *process, uint32_t signal);

/* Closes an output that has no reader any more: its writer gets SIGPIPE, a terminal's session SIGHUP. */
void agent_process_stop_reading(struct agent_process *process, struct agent_output *output);

void agent_process_resize(struct agent_process *process, uint16_t rows, uint16_t cols);

#endif
