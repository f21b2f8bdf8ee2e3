// SPDX-License-Identifier: Apache-2.0
// The lock by which `thaw` knows that thawd is starting: /usr/sbin/thawd takes it, thawd gives it back once it listens.

import { closeSync } from 'node:fs';

const VARIABLE = 'THAW_STARTING_FD';

/**
 * Takes the lock's descriptor from the environment, so that no child looks for it. Returns the function that gives the lock back; it does
 * nothing where the start script has no lock.
 */
export function takeStartingLock(env: NodeJS.ProcessEnv): () => void {
  const fd = env[VARIABLE];
  Reflect.deleteProperty(env, VARIABLE);
  return () => {
    if (fd !== undefined && /^\d{1,9}$/.test(fd)) closeSync(Number(fd));
  };
}
