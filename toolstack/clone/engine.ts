// SPDX-License-Identifier: Apache-2.0
// What every way of cloning offers: a new paused domain with the template's memory and state.

import type { StoreEntry } from '../../xenstore/index.js';
import { XS_WAKE } from '../agent/wire.js';
import type { Domid } from '../base/ids.js';
import type { DomainConfig } from '../xen/config.js';
import type { GuestFiles } from './shape.js';
import type { Template } from './template.js';

export interface CloneRequest {
  /** The domain's name, unique on the host. */
  name: string;
  uuid: string;
  /** What memory may grow to. */
  maxMemoryKib: number;
}

export interface Clone {
  domid: Domid;
  /** What is still to be written of it, and its start need not wait for: writeLater(). */
  later: StoreEntry[];
}

export interface CloneEngine {
  /**
   * Makes the clone and leaves it paused; to its kernel the next instruction is a resume, and its agent then finds that it may
   * wake. Leaves nothing when it rejects.
   */
  clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Clone>;
}

/** How a clone is described to libxl, whichever way it is made. */
export function cloneConfig(
  guest: GuestFiles,
  template: Template,
  request: CloneRequest,
): DomainConfig {
  const { kernel, initrd, cmdline } = guest;
  const { type, vcpus: maxVcpus, memoryKib } = template.shape;
  const { name, uuid, maxMemoryKib } = request;
  return {
    ...{ name, uuid, type, kernel, initrd, cmdline },
    maxVcpus,
    onlineVcpus: 1,
    memoryKib,
    maxMemoryKib,
  };
}

/** What lets the frozen agent of a clone wake. */
export function wakeNode(domid: Domid): StoreEntry {
  return { path: `/local/domain/${domid}/${XS_WAKE}`, value: '1' };
}
