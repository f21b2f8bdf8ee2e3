// SPDX-License-Identifier: Apache-2.0
// Finds the containers, pods and volumes that a request names, and decides whether the caller may act on them.

import type { ContainerSummary, Engine } from '../../api/engine.js';
import { parseReference } from '../../image/index.js';
import { isRoot, type PolicyRequest } from '../rules/index.js';
import type { Guard } from './guard.js';

type Facts = Omit<PolicyRequest, 'verb'>;

/** The parts of a container, pod or volume that rules look at. */
interface Owned {
  owner?: number;
  labels: Readonly<Record<string, string>>;
}

/** Returns the facts of an existing thing. All that has no owner is root's. */
export function factsOf({ owner = 0, labels }: Owned): Facts {
  return { owner, labels };
}

/** Returns the things that the caller may see. */
export function visible<T extends Owned>(guard: Guard, things: readonly T[]): T[] {
  return guard.isFree ? [...things] : things.filter((thing) => guard.can(factsOf(thing)));
}

/**
 * Resolves with the id of the container that the caller named and may act on, or with the name itself for a caller whom no rule limits. An id
 * names the same container later, even if another takes its name meanwhile. Rejects with ERR_CONTAINER_NOT_FOUND and ERR_POLICY_DENIED.
 */
export async function containerId(
  guard: Guard,
  engine: Pick<Engine, 'find'>,
  name: string,
  more: Facts | ((found: ContainerSummary) => Facts) = {},
): Promise<string> {
  if (guard.isFree) return name;
  const found = await engine.find(name);
  const facts = typeof more === 'function' ? more(found) : more;
  guard.allow({ ...factsOf(found), ...facts }, [found.name]);
  return found.id;
}

/** As containerId(), for a pod. */
export async function podId(
  guard: Guard,
  engine: Pick<Engine, 'pod'>,
  name: string,
  more: Facts = {},
): Promise<string> {
  if (guard.isFree) return name;
  const found = await engine.pod(name);
  guard.allow({ ...factsOf(found), ...more }, [found.name]);
  return found.id;
}

/**
 * Returns the full name of a registry's image. A full name is no beginning of an image's id, so the store takes the image that the rules decided on.
 * Throws ERR_IMAGE_REFERENCE, and ERR_POLICY_DENIED for a reference to files or to another engine's images.
 */
export function imageName(guard: Guard, reference: string): string {
  if (guard.isFree) return reference;
  const { name, transport } = parseReference(reference, { cwd: '/' });
  if (transport === 'docker' || !guard.isLimited) return name;
  throw guard.denied(
    'default',
    `thawd reads images of the transport ${transport} with root's rights; name an image of a registry`,
    [reference],
  );
}

/** Returns the number of the caller's containers after `count` more, those included that are being made. */
export function containersAfter(
  { caller, services }: Guard,
  engine: Pick<Engine, 'list'>,
  count: number,
): number {
  const own = engine.list(true).filter(({ owner = 0 }) => owner === caller.uid).length;
  return own + (services.pending.get(caller.uid) ?? 0) + count;
}

/** Counts containers as pending until `work` has settled or calls its argument. */
export async function whilePending<T>(
  { caller: { uid }, services: { pending } }: Guard,
  count: number,
  work: (listed: () => void) => Promise<T>,
): Promise<T> {
  const add = (more: number): void => {
    const now = (pending.get(uid) ?? 0) + more;
    if (now > 0) pending.set(uid, now);
    else pending.delete(uid);
  };
  let isPending = true;
  const end = (): void => {
    if (isPending) add(-count);
    isPending = false;
  };
  add(count);
  try {
    return await work(end);
  } finally {
    end();
  }
}

/** Returns the options with the caller as the owner of the new thing. Root's things have no owner, as before there was a policy. */
export function ownedBy<O extends { owner?: number }>({ caller }: Guard, given: O): O {
  const options = { ...given };
  if (isRoot(caller)) delete options.owner;
  else options.owner = caller.uid;
  return options;
}
