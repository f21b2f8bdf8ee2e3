/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that channels need about the domain's suspends. The room that suspends the domain gives them. */
#ifndef AGENT_SUSPEND_H
#define AGENT_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

struct agent_suspend_hooks {
  /* Suspends that the guest and its templates woke from: part of the hello. */
  uint32_t (*wakes)(void);
  /* dom0 was asked to close the channels: a client that goes gets no new channel. */
  bool (*is_pending)(void);
  /* xenstore answers this guest. A clone that dom0 has not introduced yet would wait for the answer to a request. */
  bool (*store_answers)(void);
};

/* Call before the first channel opens. The hooks must stay. */
void agent_suspend_register(const struct agent_suspend_hooks *hooks);

/* The registered hooks; a guest that nothing suspends has 0, false and true. */
const struct agent_suspend_hooks *agent_suspend_hooks(void);

#endif
