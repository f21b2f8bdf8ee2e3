/* SPDX-License-Identifier: Apache-2.0 */
/* How a container's terminal comes from crun: over a socket, as a descriptor. */
#ifndef AGENT_TERMINAL_H
#define AGENT_TERMINAL_H

#include "base/loop.h"
#include "process/record.h"

struct agent_terminal {
  struct agent_process *process;
  struct agent_source source; /* listens, then crun's connection */
  bool is_connected;
  uint16_t rows, cols;
  char path[104]; /* what fits into a socket's address */
};

void agent_terminal_init(struct agent_terminal *terminal, struct agent_process *process, uint16_t rows, uint16_t cols);
bool agent_terminal_listen(struct agent_terminal *terminal);            /* false: errno says why */
const char *agent_terminal_path(const struct agent_terminal *terminal); /* NULL: none is expected */
void agent_terminal_receive(struct agent_terminal *terminal);           /* takes it if it has come */
void agent_terminal_close(struct agent_terminal *terminal);             /* idempotent */

#endif
