// SPDX-License-Identifier: Apache-2.0
// --filter KEY=VALUE for lists of containers, as in podman: a container matches one value of each key, and all labels.

import type { ContainerSummary } from '../../../../api/engine.js';
import { UsageError } from '../../../options/usage-error.js';

type Fits = (container: ContainerSummary, value: string) => boolean;

const FILTERS: Record<string, Fits> = {
  id: ({ id }, value) => id.startsWith(value),
  name: ({ name }, value) => name.includes(value),
  label: ({ labels }, value) => {
    const [key = '', ...rest] = value.split('=');
    return Object.hasOwn(labels, key) && (rest.length === 0 || labels[key] === rest.join('='));
  },
  status: ({ state }, value) => state === value,
  exited: ({ state, exitStatus }, value) => state === 'exited' && String(exitStatus) === value,
  health: ({ health = 'none' }, value) => health === value,
  pod: ({ pod }, value) => pod !== undefined && (pod.name === value || pod.id.startsWith(value)),
  network: ({ network }, value) => network === value,
  volume: ({ mounts }, value) => {
    const [wanted, place] = value.split(':');
    return mounts.some(
      ({ source, destination }) =>
        source === wanted && (place === undefined || destination === place),
    );
  },
  ancestor: ({ image, imageId }, value) =>
    [image, imageId].includes(value) || imageId.replace(/^sha256:/, '').startsWith(value),
};

/** Returns a filter for containers. Throws UsageError for an unknown key. */
export function containerFilter(items: readonly string[]): (c: ContainerSummary) => boolean {
  const wanted = new Map<string, string[]>();
  for (const item of items) {
    const [, key = '', value = ''] = /^([a-z]+)=(.+)$/s.exec(item) ?? [];
    if (!Object.hasOwn(FILTERS, key))
      throw new UsageError(
        `Cannot use --filter ${item}: KEY=VALUE is wanted, KEY being one of ${Object.keys(FILTERS).join(', ')}`,
      );
    wanted.set(key, [...(wanted.get(key) ?? []), value]);
  }
  return (container) =>
    [...wanted].every(([key, values]) => {
      const fits = (value: string): boolean => FILTERS[key]?.(container, value) ?? false;
      // All labels must match, but one value of any other key is enough, as in podman.
      return key === 'label' ? values.every(fits) : values.some(fits);
    });
}
