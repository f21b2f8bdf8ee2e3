// SPDX-License-Identifier: Apache-2.0
// What every way of cloning offers: a new paused domain with the template's memory and state.

import type { Domid } from '../base/ids.js';
import type { Template } from './template.js';

export interface CloneRequest {
  /** The domain's name, unique on the host. */
  name: string;
  uuid: string;
  /** What memory may grow to. */
  maxMemoryKib: number;
}

export interface CloneEngine {
  /** Makes the clone and leaves it paused; to its kernel the next instruction is a resume. Leaves nothing when it rejects. */
  clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Domid>;
}
