// SPDX-License-Identifier: Apache-2.0
// How a clone that waited becomes a container's: it takes its identity in time, or another one is tried.

import { describeError } from '../../base/errors.js';
import type { Steps } from '../../base/steps.js';
import { Undo } from '../../base/undo.js';
import type { Template } from '../../clone/template/template.js';
import { identify } from '../create/identity.js';
import { MEMORY_FOR_FILES_KIB } from '../create/layers.js';
import type { Pool } from './pool.js';
import type { Ready } from '../create/booted-clone.js';
import type { SandboxRecord } from '../record.js';
import type { SandboxServices } from '../services.js';

/** A clone that is alive answers in a few milliseconds; on a host that is very busy a new one is made in place of it. */
const ANSWER_MS = 2000;

export interface TakeRequest {
  template: Template;
  /** Becomes that of the clone. */
  record: SandboxRecord;
  undo: Undo;
  steps: Steps;
}

/** A clone with its identity, on `undo`; undefined when none waits. Those that do not answer are destroyed. */
export async function takeReady(
  services: SandboxServices,
  pool: Pool,
  { template, record, undo, steps }: TakeRequest,
): Promise<Ready | undefined> {
  // Those that are made for files have more memory than others.
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
        `Clone ${ready.record.name} waited in the pool and does not answer: ${describeError(error)}`,
      );
      // Nobody waits for the end of a guest that is silent.
      void held.run();
    }
  }
}
