/* SPDX-License-Identifier: Apache-2.0 */
/* The relay's poll loop and the state that it polls. */
#ifndef THAW_RELAY_LOOP_H
#define THAW_RELAY_LOOP_H

#include "relay/relay.h"

struct loop {
  struct relay relay;
  struct transport transport;
  int grants; /* the grant device, or -1 */
  int64_t hello_by_ms;
  int64_t second_ms; /* when each_second() is due next */
};

/*
 * Handles one message of the monitor. Ends the process if the monitor is gone. The next one waits for the next poll,
 * which reports whatever launchers did before the monitor sent it: such as the end of the one whose place a new one
 * takes.
 */
void monitor_hear(struct loop *loop);

/* Runs until QUIT, and until its clients have received everything. Returns the exit status. */
int loop_run(struct loop *loop);

#endif
