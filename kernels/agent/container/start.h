/* SPDX-License-Identifier: Apache-2.0 */
/* A START, CREATE, BEGIN or EXEC that is under way: begun in the file of its name, launch.c follows it to its answer.
 */
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
  char folder[AGENT_FOLDER_MAX]; /* crun's, in the bundles */
  struct agent_terminal terminal;
  struct agent_crun crun;
  struct agent_timer look;
  unsigned looks;
  char runtime_name[AGENT_COMM_MAX]; /* crun's name for the kernel; its child bears it until exec */
  char text[AGENT_CRUN_TEXT_MAX];
  enum thaw_error error;
};

/* What a process needs that is to run at once, or to be created: NULL, or what is in its way. */
const char *agent_start_refusal(const struct thaw_exec *head, enum agent_crun_verb verb, enum thaw_error *error_out);

/*
 * Makes the process and runs crun for a folder that is written; answers the request later. False: errno says why,
 * nothing is left but the folder.
 */
bool agent_start_process(struct agent_request request, const struct thaw_exec *head, enum agent_crun_verb verb,
                         const char *container, const char *folder, const char *rootfs);

/* Runs crun for a folder that is written; owns start and its process from now on. */
void agent_launch(struct agent_start *start, const int fds[3]);

/* A created container is let go on: waits for its program, or undoes it; both own start from now on. */
void agent_launch_follow(struct agent_start *start);
void agent_launch_fail(struct agent_start *start);

/* What the kernel calls the process now, while it is still crun. */
void agent_launch_learn_name(struct agent_start *start);

/* What the kernel calls a process of this pid, dead ones too as long as they are not reaped; "": nothing. */
void agent_launch_name_of(pid_t pid, char name[AGENT_COMM_MAX]);

/*
 * A child of this name is dead and not reaped yet: the last time that it can be told whether it was still crun or
 * already the program, and a container whose crun has not ended from a stranger.
 */
void agent_launch_before_reap(pid_t pid, const char name[AGENT_COMM_MAX]);

/* True while any crun runs or a START is unanswered. */
bool agent_launch_is_busy(void);

#endif
