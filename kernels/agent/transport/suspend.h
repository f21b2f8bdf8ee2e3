/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks by which channels ask about the domain's suspends. freeze.c registers them. */
#ifndef AGENT_SUSPEND_H
#define AGENT_SUSPEND_H

#include <stdbool.h>
#include <stdint.h>

struct agent_suspend_hooks {
  /* Number of suspends that the guest and its templates woke from: part of the hello. */
  uint32_t (*wakes)(void);
  /* True after dom0 was asked to close the channels: when a client leaves, the channel is not published anew. */
  bool (*is_pending)(void);
  /*
   * True if xenstore answers this guest. A request of a clone that dom0 has not introduced yet would wait for its
   * answer.
   */
  bool (*store_answers)(void);
};

/* Must be called before the first channel opens. The hooks must stay valid. */
void agent_suspend_register(const struct agent_suspend_hooks *hooks);

/* Returns the registered hooks; in a guest that nothing suspends they give 0, false and true. */
const struct agent_suspend_hooks *agent_suspend_hooks(void);

#endif
