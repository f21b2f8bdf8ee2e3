// SPDX-License-Identifier: Apache-2.0
// Puts the rules before every call of the engine. A call that is missing here does not compile.

import type { Engine } from '../../api/engine.js';
import { guardLifecycle, guardReading } from './containers.js';
import type { Guard } from './guard.js';
import { guardImages } from './images.js';
import { guardNetworks, guardPods, guardVolumes } from './pods.js';

/** Returns the engine as the guard's caller may use it. */
export function guardEngine(guard: Guard, engine: Engine): Engine {
  return {
    ...guardLifecycle(guard, engine),
    ...guardReading(guard, engine),
    ...guardImages(guard, engine),
    ...guardPods(guard, engine),
    ...guardNetworks(guard, engine),
    ...guardVolumes(guard, engine),
    info: () => engine.info(),
    usage: () => {
      guard.rootOnly([]);
      return engine.usage();
    },
    policyCheck: ({ words, user }, client) => {
      if (user !== undefined) guard.rootOnly([user]);
      const credentials = guard.caller;
      return engine.policyCheck(
        user === undefined ? { words, credentials } : { words, user },
        client,
      );
    },
    policyReload: () => {
      guard.rootOnly([]);
      return guard.change([], () => engine.policyReload());
    },
  };
}
