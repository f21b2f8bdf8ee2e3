/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's only poll loop: descriptors, deadlines, and a function that runs in every round. */
#ifndef AGENT_LOOP_H
#define AGENT_LOOP_H

#include <stdbool.h>
#include <stdint.h>

/* four for the agent itself, three streams and a console socket for each process */
#define AGENT_SOURCES_MAX 2048

/* Owned by the caller and zeroed before first use; fd and events may change while it is in the loop. */
struct agent_source {
  int fd;       /* -1: skipped */
  short events; /* 0: skipped */
  void (*ready)(struct agent_source *source, short revents);
  void *owner;
  bool listed;
  struct agent_source *next, *previous;
};

struct agent_timer {
  void (*fire)(struct agent_timer *timer);
  void *owner;
  uint64_t at_ns;
  bool armed;
  struct agent_timer *next;
};

void agent_loop_add(struct agent_source *source);
void agent_loop_remove(struct agent_source *source); /* may be called from any callback */

uint64_t agent_loop_now_ns(void);
void agent_timer_set(struct agent_timer *timer, uint64_t after_ns); /* set again: moves the deadline */
void agent_timer_clear(struct agent_timer *timer);

/* Makes the next round not wait: a callback stopped early so that others get a turn. */
void agent_loop_again(void);

/* Makes the wait end after the domain was suspended and resumed, which poll() does not show. */
void agent_loop_heed_suspend(bool heeds);

/* Runs one turn: each_round, the wait, then every callback that is due. */
void agent_loop_turn(void (*each_round)(void));

#define AGENT_MS 1000000ull /* ns */

#endif
