// SPDX-License-Identifier: Apache-2.0
/* The shim's poll loop and the state that it polls. */
#ifndef THAW_SHIM_LOOP_H
#define THAW_SHIM_LOOP_H

#include "main/shim.h"
#include "transport/domain.h"

struct loop {
  struct shim shim;
  struct transport transport;
  const char *dir;
  int listen_fd, signal_fd;
  struct domain *domain; /* NULL with a socket as transport */
  int64_t hello_ms;      /* longest wait for a hello */
  int64_t hello_by_ms;
  int64_t second_ms; /* when each_second() is due next */
  bool abandon;
};

/* Returns 0, or -1 when the shim cannot serve. With a missing domain it returns 0, and the sandbox is lost. */
int loop_start(struct loop *loop);
/* Opens a closed channel if the agent is there. */
void channel_open(struct loop *loop);
/* Checks whether the domain still exists. */
void channel_domain_look(struct loop *loop);
/* Runs until QUIT or SIGTERM. Returns the exit status. */
int loop_run(struct loop *loop);

#endif
