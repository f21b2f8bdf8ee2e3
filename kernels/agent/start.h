/* SPDX-License-Identifier: Apache-2.0 */
/* A START, CREATE or BEGIN that is under way: start.c or begin.c starts it, launch.c follows it to its answer. */
#ifndef AGENT_START_H
#define AGENT_START_H

#include "control.h"
#include "crun.h"
#include "process.h"
#include "terminal.h"

struct agent_start {
  struct agent_start *next;
  struct agent_request request;
  struct agent_process *process;
  bool only_create;
  struct agent_terminal terminal;
  struct agent_crun crun;
  struct agent_timer look;
  unsigned looks;
  char runtime_name[32]; /* crun's name for the kernel; its child bears it until exec */
  char text[AGENT_CRUN_TEXT_MAX];
  enum thaw_error error;
};

/* Runs crun for a bundle that is written; owns start and its process from now on. */
void agent_launch(struct agent_start *start, const int fds[3]);

/* A created container is let go on: waits for its program, or undoes it; both own start from now on. */
void agent_launch_follow(struct agent_start *start);
void agent_launch_fail(struct agent_start *start);

/* What the kernel calls the process now, while it is still crun. */
void agent_launch_learn_name(struct agent_start *start);

/*
 * A child is dead and not reaped yet: the last time that the kernel tells whether it was still crun or
 * already the program, and that a container whose crun has not ended is told from a stranger.
 */
void agent_launch_before_reap(pid_t pid);

/* True while any crun runs or a START is unanswered. */
bool agent_launch_is_busy(void);

#endif
