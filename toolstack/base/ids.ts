// SPDX-License-Identifier: Apache-2.0
// thaw's kinds of ids, branded so that one cannot be passed for another, and the makers of new ones.

import { randomBytes } from 'node:crypto';

declare const brand: unique symbol;
type Branded<T, B> = T & { readonly [brand]: B };

/** Xen's number of a domain. Recycled by Xen: never a lasting identity. */
export type Domid = Branded<number, 'Domid'>;
/** One micro-domain with what belongs to it, as long as it lives: 12 hex digits. */
export type SandboxId = Branded<string, 'SandboxId'>;
/** A container: 64 hex digits, as container engines have them. */
export type ContainerId = Branded<string, 'ContainerId'>;

/** Several containers in one micro-domain: 64 hex digits. */
export type PodId = Branded<string, 'PodId'>;

export function asDomid(domid: number): Domid {
  return domid as Domid;
}

export function newContainerId(): ContainerId {
  return randomBytes(32).toString('hex') as ContainerId;
}

export function newPodId(): PodId {
  return randomBytes(32).toString('hex') as PodId;
}

/** The sandbox of a container or pod has the first 12 digits of its id. */
export function sandboxIdOf(owner: ContainerId | PodId): SandboxId {
  return owner.slice(0, 12) as SandboxId;
}
