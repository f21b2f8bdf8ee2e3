/* SPDX-License-Identifier: Apache-2.0 */
/* A container's terminal, which crun sends as a descriptor over a socket. */
#ifndef AGENT_TERMINAL_H
#define AGENT_TERMINAL_H

#include "base/loop.h"
#include "process/record.h"

struct agent_terminal {
  struct agent_process *process;
  struct agent_source source; /* listens, then crun's connection */
  bool is_connected;
  uint16_t rows, cols;
  char path[104]; /* the size of a socket's address */
};

void agent_terminal_init(struct agent_terminal *terminal, struct agent_process *process, uint16_t rows, uint16_t cols);
bool agent_terminal_listen(struct agent_terminal *terminal);            /* false: errno says why */
const char *agent_terminal_path(const struct agent_terminal *terminal); /* NULL: the process has no terminal */
void agent_terminal_receive(struct agent_terminal *terminal);           /* takes the terminal if it has come */
void agent_terminal_close(struct agent_terminal *terminal);             /* idempotent */

#endif
