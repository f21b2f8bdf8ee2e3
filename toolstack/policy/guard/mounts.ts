// SPDX-License-Identifier: Apache-2.0
// Decides the mounts of a user's container.

import type { CreateOptions, Engine } from '../../api/engine.js';
import type { Guard } from './guard.js';

/**
 * Returns the names of the mounted volumes that have no size; '' stands for a new one without a name. Throws ERR_POLICY_DENIED for a bind mount,
 * because the file server of a container reaches host files with root's rights, and for a volume of another user.
 */
export function checkMounts(
  guard: Guard,
  engine: Pick<Engine, 'volumes'>,
  { mounts = [] }: Pick<CreateOptions, 'mounts'>,
): string[] {
  if (mounts.length === 0) return [];
  const volumes = new Map(engine.volumes().map((volume) => [volume.name, volume]));
  return mounts.flatMap(({ type, source }) => {
    if (type === 'bind') guard.noHostPath(source, 'use a volume, and thaw cp - to fill it');
    const volume = volumes.get(source);
    if (volume && (volume.owner ?? 0) !== guard.caller.uid)
      throw guard.denied('default', "the volume is another user's", [source]);
    return volume?.sizeBytes === undefined ? [source] : [];
  });
}
