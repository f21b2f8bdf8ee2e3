// SPDX-License-Identifier: Apache-2.0
// What every way of cloning offers: a new paused domain with the template's memory and state.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Rings } from '../../agent/rings.js';
import { Wake, XS_WAKE } from '../../agent/wire.js';
import { ThawError } from '../../base/errors.js';
import type { Domid } from '../../base/ids.js';
import type { DomainConfig } from '../../xen/config.js';
import type { Introduction } from './registration.js';
import type { GuestFiles } from '../template/shape.js';
import type { Template } from '../template/template.js';

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
  /** The agent's channels, which are there before xenstore knows the clone; else it publishes them there. */
  rings?: Rings;
  /** With rings: what introduces it, also when this thawd has ended. */
  introduction?: Introduction;
  /**
   * Makes it known to xenstore, together with its first devices: before anything else of it is written there. Once: when the hello
   * has come on its rings, or, without rings, before it is unpaused, since the agent waits for it.
   */
  introduce: (devices: readonly StoreEntry[]) => Promise<void>;
}

export interface CloneEngine {
  /** Makes the clone and leaves it paused; to its kernel the next instruction is a resume. Leaves nothing when it rejects. */
  clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Clone>;

  /** No clones are made of it any more: what is kept of it for them goes, and nobody reads its memory file. Never rejects. */
  forget(template: Template): Promise<void>;
}

/** Throws ERR_FROZEN_NOT_FOUND for a template that was removed while its clone was on its way. */
export function checkThere({ isGone }: Template): void {
  if (isGone === true)
    throw new ThawError(
      'ERR_FROZEN_NOT_FOUND',
      'Cannot clone what was frozen: it was removed meanwhile',
    );
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
    onlineVcpus: template.running?.vcpus ?? 1,
    memoryKib,
    maxMemoryKib,
  };
}

/** What lets the frozen agent of a clone wake. */
export function wakeNode(domid: Domid): StoreEntry {
  return { path: `/local/domain/${domid}/${XS_WAKE}`, value: Wake.NEW };
}
