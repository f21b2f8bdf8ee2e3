/* SPDX-License-Identifier: Apache-2.0 */
/* One run of the OCI runtime: its command line, its deadline, and what its last words mean. */
#ifndef AGENT_CRUN_H
#define AGENT_CRUN_H

#include "base/child.h"
#include "base/loop.h"
#include "proto.h"

#include <stddef.h>

#define AGENT_CRUN_DEADLINE_NS (120000 * AGENT_MS) /* an emulated host under load has needed 30 s */
#define AGENT_CRUN_TEXT_MAX 1024

struct agent_crun {
  /* filled in by the caller; called once, from the loop. ok: it ended with status 0. */
  void (*done)(struct agent_crun *crun, bool ok);
  void *owner;

  /* private */
  struct agent_child child;
  struct agent_timer deadline;
  bool timed_out;
};

enum agent_crun_verb { AGENT_CRUN_RUN, AGENT_CRUN_CREATE, AGENT_CRUN_EXEC };

/*
 * `run --detach`, `create` or `exec --detach`: container, its folder in the bundles, console socket or NULL; fds as
 * 0, 1, 2.
 */
bool agent_crun_start(struct agent_crun *crun, enum agent_crun_verb verb, const char *container, const char *folder,
                      const char *console, const int fds[3]);

/* What `start` does: lets a created container's first process go on to its program. False: errno says why. */
bool agent_crun_let_go(const char *container);

/* `delete --force` */
bool agent_crun_delete(struct agent_crun *crun, const char *container);

/* Whether the runtime still keeps something about a container. */
bool agent_crun_knows(const char *container);

/* The runtime's log of a start, in its folder; its last line without the time, into text. */
void agent_crun_last_words(const struct agent_crun *crun, const char *folder, char text[AGENT_CRUN_TEXT_MAX]);

/* What a failed start means to a user. */
enum thaw_error agent_crun_classify(const char *text);

#endif
