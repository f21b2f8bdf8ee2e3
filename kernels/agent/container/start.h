/* SPDX-License-Identifier: Apache-2.0 */
/* A START, CREATE, BEGIN or EXEC in progress. The file of that name begins it, and launch.c follows it to its
 * answer. */
#ifndef AGENT_START_H
#define AGENT_START_H

#include "container/bundle.h"
#include "container/crun.h"
#include "process/process.h"
#include "process/terminal.h"
#include "protocol/control.h"

#define AGENT_COMM_MAX 32

struct agent_start {
  struct agent_start *next;
  struct agent_request request;
  struct agent_process *process;
  enum agent_crun_verb verb;
  char folder[AGENT_FOLDER_MAX]; /* in the bundles, for crun */
  struct agent_terminal terminal;
  struct agent_crun crun;
  struct agent_timer look;
  unsigned looks;
  char runtime_name[AGENT_COMM_MAX]; /* the kernel's name for crun; crun's child bears it until exec */
  char text[AGENT_CRUN_TEXT_MAX];
  enum thaw_error error;
};

/*
 * Checks the requirements of a process that is to run or to be created. Returns NULL, or the reason of the refusal.
 */
const char *agent_start_refusal(const struct thaw_exec *head, enum agent_crun_verb verb, enum thaw_error *error_out);

/*
 * Makes the process and runs crun for a folder that is written; the answer follows later. False: errno says why, and
 * only the folder remains.
 */
bool agent_start_process(struct agent_request request, const struct thaw_exec *head, enum agent_crun_verb verb,
                         const char *container, const char *folder, const char *rootfs);

/* Runs crun for a folder that is written; owns start and its process from now on. */
void agent_launch(struct agent_start *start, const int fds[3]);

/*
 * After a created container was made to run: the first waits for its program, the second undoes the start. Both own
 * start from now on.
 */
void agent_launch_follow(struct agent_start *start);
void agent_launch_fail(struct agent_start *start);

/* Records the process's name in the kernel while the process is still crun. */
void agent_launch_learn_name(struct agent_start *start);

/* Writes the kernel's name of a process to name, also of a zombie; "": the process does not exist. */
void agent_launch_name_of(pid_t pid, char name[AGENT_COMM_MAX]);

/*
 * Must be called for a dead child before it is reaped. Only then can the agent tell whether the child was crun or
 * already its program, and whether it belongs to a container whose crun has not ended.
 */
void agent_launch_before_reap(pid_t pid, const char name[AGENT_COMM_MAX]);

/* Returns true while a crun runs or a START is unanswered. */
bool agent_launch_is_busy(void);

#endif
