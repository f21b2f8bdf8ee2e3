// SPDX-License-Identifier: Apache-2.0
/* Stores the hooks by which channels ask about suspends. */
#include "transport/suspend.h"

static uint32_t never(void) {
  return 0;
}

static bool no(void) {
  return false;
}

static bool yes(void) {
  return true;
}

static const struct agent_suspend_hooks none = {.wakes = never, .is_pending = no, .store_answers = yes};
static const struct agent_suspend_hooks *registered = &none;

void agent_suspend_register(const struct agent_suspend_hooks *hooks) {
  registered = hooks;
}

const struct agent_suspend_hooks *agent_suspend_hooks(void) {
  return registered;
}
