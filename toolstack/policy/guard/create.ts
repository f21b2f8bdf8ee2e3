// SPDX-License-Identifier: Apache-2.0
// Decides new containers: thaw run and thaw create.

import type { CreateOptions, Engine } from '../../api/engine.js';
import { containerFacts } from '../rules/index.js';
import type { Guard } from './guard.js';
import { checkMounts } from './mounts.js';
import { containersAfter, imageName, ownedBy, podId, whilePending } from './targets.js';

/**
 * Calls `work` with the options of a container that the caller may make: its owner, the full name of its image, the pod by its id, and no login of
 * another user. Rejects as the calls that find these things do, and with ERR_POLICY_DENIED.
 */
export async function withAllowed<O extends CreateOptions, T>(
  guard: Guard,
  engine: Engine,
  given: O,
  starts: number,
  work: (options: O) => Promise<T>,
): Promise<T> {
  const { caller, services, isFree } = guard;
  const what = [given.name ?? '', given.frozen ?? given.image].filter((name) => name !== '');
  const options = ownedBy(guard, given);
  if (isFree) return guard.change(what, () => work(options));
  const { frozen } = options;
  if (frozen === undefined) options.image = imageName(guard, options.image);
  const image = frozen === undefined ? options.image : `frozen:${frozen}`;
  if (options.pod !== undefined) options.pod = await podId(guard, engine, options.pod);
  if (guard.isLimited) {
    options.authFile = services.noLogins;
    for (const { source, access } of options.devices ?? [])
      await services.checkDevice(source, access, caller);
  }
  const frozenSize = frozen === undefined ? {} : await sizeOfFrozen(engine, frozen);
  const unsizedVolumes = guard.isLimited ? checkMounts(guard, engine, options) : [];
  // The last decision counts the start, and no await stands between it and the count of containers.
  guard.allow(
    {
      ...containerFacts({ ...frozenSize, ...options }, services.defaults),
      images: [image],
      containers: containersAfter(guard, engine, 1),
      unsizedVolumes,
      ...(starts > 0 ? { starts } : {}),
    },
    what,
  );
  return whilePending(guard, 1, (listed) => {
    const onId = (id: string): void => {
      listed();
      given.onId?.(id);
    };
    return guard.change(what, () => work({ ...options, onId }));
  });
}

/** Resolves with the size that a container of the frozen image has if its options name none. */
async function sizeOfFrozen(
  engine: Pick<Engine, 'templates'>,
  frozen: string,
): Promise<Pick<CreateOptions, 'memoryBytes' | 'cpus'>> {
  const found = (await engine.templates()).find(({ name }) => name === frozen);
  return found ? { memoryBytes: found.memoryBytes, cpus: found.vcpus } : {};
}
