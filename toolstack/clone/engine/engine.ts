// SPDX-License-Identifier: Apache-2.0
// The interface of a clone engine: it makes a new paused domain with the template's memory and state.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Rings } from '../../agent/freeze-rings.js';
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
  /** The memory that the clone may grow to. */
  maxMemoryKib: number;
}

export interface Clone {
  domid: Domid;
  /** Records that writeLater() writes, since no start waits for them. */
  later: StoreEntry[];
  /** The agent's channels where they exist before xenstore knows the clone; otherwise the agent publishes them in xenstore. */
  rings?: Rings;
  /** Only with rings: the data that introduces the clone, which the next thawd can use as well. */
  introduction?: Introduction;
  /**
   * Introduces the clone to xenstore together with its first devices, before any other record of it. Called once: after the hello where
   * the clone has rings, else before the clone is unpaused, since its agent waits for xenstore.
   */
  introduce: (devices: readonly StoreEntry[]) => Promise<void>;
}

export interface CloneEngine {
  /** Makes the clone and leaves it paused; its kernel's next instruction is a resume. When it rejects, no domain is left. */
  clone(template: Template, request: CloneRequest, signal?: AbortSignal): Promise<Clone>;

  /** Releases everything that the engine keeps for clones of the template, which is in no more use. Never rejects. */
  forget(template: Template): Promise<void>;
}

/** Throws ERR_FROZEN_NOT_FOUND for a template that was removed while its clone was being made. */
export function checkThere({ isGone }: Template): void {
  if (isGone === true)
    throw new ThawError(
      'ERR_FROZEN_NOT_FOUND',
      'Cannot clone a frozen image: it was removed meanwhile',
    );
}

/** Describes a clone to libxl, whichever engine makes it. */
export function cloneConfig(
  guest: GuestFiles,
  template: Template,
  request: CloneRequest,
): DomainConfig {
  const { kernel, initrd, cmdline } = guest;
  const { type, vcpus: maxVcpus, memoryKib } = template.shape;
  const { name, uuid, maxMemoryKib } = request;
  return {
    name,
    uuid,
    type,
    kernel,
    initrd,
    cmdline,
    maxVcpus,
    onlineVcpus: template.running?.vcpus ?? 1,
    memoryKib,
    maxMemoryKib,
  };
}

/** The node that wakes the frozen agent of a clone. */
export function wakeNode(domid: Domid): StoreEntry {
  return { path: `/local/domain/${domid}/${XS_WAKE}`, value: Wake.NEW };
}
