// SPDX-License-Identifier: Apache-2.0
// Starts the addon's threads: detached, and with all signals blocked, since signals belong to Node's threads.
#pragma once

#include <csignal>
#include <pthread.h>

namespace thaw {

/// False when no thread or no memory is available.
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
