/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the OCI runtime: its command line, its deadline, and the meaning of its last error. */
#ifndef AGENT_CRUN_H
#define AGENT_CRUN_H

#include "base/child.h"
#include "base/loop.h"
#include "proto.h"

#include <stddef.h>

#define AGENT_CRUN_DEADLINE_NS (120000 * AGENT_MS) /* an emulated host under load has needed 30 s */
#define AGENT_CRUN_TEXT_MAX 1024

struct agent_crun {
  /* set by the caller; called once, from the loop. ok: crun ended with status 0. */
  void (*done)(struct agent_crun *crun, bool ok);
  void *owner;

  /* private */
  struct agent_child child;
  struct agent_timer deadline;
  bool timed_out;
};

enum agent_crun_verb { AGENT_CRUN_RUN, AGENT_CRUN_CREATE, AGENT_CRUN_EXEC };

/*
 * Runs `run --detach`, `create` or `exec --detach`. folder is the one in the bundles, console a socket or NULL; crun
 * gets fds as 0, 1, 2.
 */
bool agent_crun_start(struct agent_crun *crun, enum agent_crun_verb verb, const char *container, const char *folder,
                      const char *console, const int fds[3]);

/* Does the work of `crun start`: makes a created container's first process run its program. False: errno says why. */
bool agent_crun_let_go(const char *container);

/* Runs `delete --force`. */
bool agent_crun_delete(struct agent_crun *crun, const char *container);

/* Returns true while the runtime has state of a container. */
bool agent_crun_knows(const char *container);

/* Writes the last line of a start's log in folder to text, without the time. */
void agent_crun_last_words(const struct agent_crun *crun, const char *folder, char text[AGENT_CRUN_TEXT_MAX]);

/* Classifies a failed start for the user. */
enum thaw_error agent_crun_classify(const char *text);

#endif
