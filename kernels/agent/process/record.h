/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of a container as the data channel sees it: its streams, credits and end. The record of a container's
 * first process lives from START until DELETE has come and EXIT is sent. The record of an EXEC process lives until
 * its EXIT is sent.
 */
#ifndef AGENT_RECORD_H
#define AGENT_RECORD_H

#include "base/loop.h"
#include "proto.h"
#include "protocol/fields.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct agent_process;

enum agent_process_state {
  AGENT_STARTING, /* crun runs; its streams are held back until the program is known to run */
  AGENT_CREATED,  /* its program waits for BEGIN; no stream flows */
  AGENT_RUNNING,
  AGENT_HELD, /* stopped for a freeze; no stream flows. resume ends this state */
  AGENT_EXITED,
};

struct agent_output {
  struct agent_process *process;
  uint32_t stream; /* THAW_STDOUT or THAW_STDERR */
  struct agent_source source;
  uint32_t credit;  /* bytes that dom0 takes */
  bool is_ready;    /* a read may give bytes */
  bool has_ended;   /* nothing more to read */
  bool is_eof_sent; /* or never announced: a terminal has no stderr */
  bool is_limited;  /* its process is dead; `remaining` bounds the bytes that are still read */
  uint32_t remaining;
};

/*
 * Invariant for a process that is fed: allowed + (end - start) + grant == THAW_WINDOW, so the buffer cannot overflow.
 * For other processes all are 0.
 */
struct agent_input {
  struct agent_process *process;
  struct agent_source source;
  uint8_t *buffer; /* THAW_WINDOW bytes; the kernel backs only the used part */
  uint32_t start, end;
  uint32_t allowed;  /* bytes that dom0 may still send */
  uint32_t grant;    /* taken bytes that are not credited yet */
  bool is_announced; /* the first CREDIT is sent */
  bool is_eof;       /* dom0 sends no more */
  bool is_closed;    /* the process takes no more: further input is dropped */
};

struct agent_process {
  struct agent_process *next;
  uint32_t id;
  uint32_t flags;      /* enum thaw_process_flag */
  uint32_t generation; /* of the data client that owns the process */
  bool awaits_client;  /* that client took leave: the next one gets the process */
  char container[AGENT_NAME_MAX + 1];
  char rootfs[AGENT_NAME_MAX + 1];
  bool is_exec; /* made by EXEC: the container's first process represents it */
  enum agent_process_state state;
  pid_t pid;       /* 0: not known yet, or reaped */
  pid_t first_pid; /* START's answer, even if the process is reaped by then */
  struct thaw_exit exit;
  uint32_t oom_kills; /* of its container, if this is the first process */
  bool has_ended;     /* reaped; before RUNNING the state does not show it */
  bool has_execed;
  void (*resume)(void); /* while AGENT_HELD: resumes its processes */
  char *frozen_cgroup;  /* the cgroup that is frozen until this process ends, NULL: none */
  bool is_exit_sent;
  bool is_deleted;
  int terminal; /* pty master, -1: none */
  struct agent_output outputs[2];
  unsigned next_output; /* index of the stream read last */
  bool stats_asked;     /* and not answered yet */
  struct agent_input input;
};

#endif
