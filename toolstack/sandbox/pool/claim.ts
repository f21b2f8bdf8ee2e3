// SPDX-License-Identifier: Apache-2.0
// Claims a clone of the pool for a container: gives it the container's identity within a deadline, or tries the next clone.

import { describeError } from '../../base/errors.js';
import type { Steps } from '../../base/steps.js';
import { Undo } from '../../base/undo.js';
import type { Template } from '../../clone/template/template.js';
import { identify } from '../boot/identity.js';
import { MEMORY_FOR_FILES_KIB } from '../boot/layers.js';
import type { Pool } from './pool.js';
import type { Ready } from '../boot/booted-clone.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';

/** A live clone answers in a few milliseconds. On a very busy host a new clone is made instead. */
const ANSWER_MS = 2000;

export interface TakeRequest {
  template: Template;
  /** Becomes the record of the clone. */
  record: SandboxRecord;
  undo: Undo;
  steps: Steps;
}

/** Returns a clone with its identity, on `undo`, or undefined when no clone waits. Destroys clones that do not answer. */
export async function takeReady(
  services: SandboxServices,
  pool: Pool,
  { template, record, undo, steps }: TakeRequest,
): Promise<Ready | undefined> {
  // Clones made for shares have more memory than others.
  const wantsFiles =
    (record.files ?? []).length > 0 &&
    record.memoryKib >= template.shape.memoryKib + MEMORY_FOR_FILES_KIB;
  for (;;) {
    const held = new Undo(services.host.log);
    const ready = pool.take(template, held, wantsFiles);
    if (!ready) return undefined;
    const { id, uuid, mac, domid } = ready.record;
    try {
      await steps.time('identity', identify(ready.link, record, ANSWER_MS));
      if (record.mac !== mac) services.macs.delete(record.mac);
      Object.assign(record, { id, uuid, mac, domid });
      undo.push(`clone ${ready.record.name}`, () => held.run());
      return ready;
    } catch (error) {
      services.host.log.warn(
        `Pooled clone ${ready.record.name} does not answer: ${describeError(error)}`,
      );
      // The start does not wait for the end of a silent guest.
      void held.run();
    }
  }
}
