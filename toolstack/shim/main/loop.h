// SPDX-License-Identifier: Apache-2.0
/* The shim's poll loop and what it waits for. */
#ifndef THAW_SHIM_LOOP_H
#define THAW_SHIM_LOOP_H

#include "main/shim.h"
#include "transport/domain.h"

struct loop {
  struct shim shim;
  struct transport transport;
  const char *dir;
  int listen_fd, signal_fd;
  struct domain *domain; /* NULL with a socket for a transport */
  int64_t hello_ms;      /* how long a hello may take */
  int64_t hello_by_ms;
  int64_t second_ms; /* when what is due each second is due next */
  bool abandon;
};

/* 0, or -1 when the shim cannot serve. A domain that is not there is no such case: the sandbox is then lost. */
int loop_start(struct loop *loop);
/* Opens the channel when it is not open and the agent is there. */
void channel_open(struct loop *loop);
/* Looks whether the domain is still there. */
void channel_domain_look(struct loop *loop);
/* Runs until QUIT or SIGTERM; the exit status. */
int loop_run(struct loop *loop);

#endif
