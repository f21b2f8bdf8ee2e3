// SPDX-License-Identifier: Apache-2.0
// How the addon starts its threads: detached, and with all signals blocked, since those are Node's.
#pragma once

#include <csignal>
#include <pthread.h>

namespace thaw {

/// False when there are no more threads or no memory.
inline bool start_detached(const char *name, void *(*run)(void *), void *argument) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  pthread_t id;
  int r = pthread_create(&id, nullptr, run, argument);
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  if (r != 0)
    return false;
  pthread_setname_np(id, name);
  pthread_detach(id);
  return true;
}

} // namespace thaw
