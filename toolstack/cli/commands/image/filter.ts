// SPDX-License-Identifier: Apache-2.0
// --filter KEY=VALUE for lists of images, as in podman: an image matches one value of each key, and all labels.

import type { Client, Engine, ImageSummary } from '../../../api/engine.js';
import { UsageError } from '../../options/usage-error.js';
import { choice } from '../../options/values.js';

type Fits = (image: ImageSummary) => boolean;

/** Resolves with a filter for images. Throws UsageError for an unknown key. Rejects with ERR_IMAGE_NOT_FOUND for a missing image. */
export async function imageFilter(
  items: readonly string[],
  engine: Engine,
  client: Client,
): Promise<Fits> {
  const wanted = new Map<string, Fits[]>();
  for (const item of items) {
    const [, key = '', value = ''] = /^([a-z]+)=(.+)$/s.exec(item) ?? [];
    const make = Object.hasOwn(FILTERS, key) ? FILTERS[key] : undefined;
    if (!make)
      throw new UsageError(
        `Cannot use --filter ${item}: KEY=VALUE is wanted, KEY being one of ${Object.keys(FILTERS).join(', ')}`,
      );
    wanted.set(key, [...(wanted.get(key) ?? []), await make(value, engine, client)]);
  }
  return (image) =>
    [...wanted].every(([key, all]) => {
      const fits = (one: Fits): boolean => one(image);
      return key === 'label' ? all.every(fits) : all.some(fits);
    });
}

const FILTERS: Record<
  string,
  (value: string, engine: Engine, client: Client) => Fits | Promise<Fits>
> = {
  id: (value) => {
    const start = value.replace(/^sha256:/, '');
    return ({ id }) => id.replace(/^sha256:/, '').startsWith(start);
  },
  label: (value) => {
    const [key = '', ...rest] = value.split('=');
    return ({ labels }) =>
      Object.hasOwn(labels, key) && (rest.length === 0 || labels[key] === rest.join('='));
  },
  dangling: (value) => {
    const isWanted = choice('--filter dangling', value, ['true', 'false'] as const) === 'true';
    return ({ names }) => (names.length === 0) === isWanted;
  },
  reference: (value) => {
    const pattern = globPattern(value);
    return ({ names }) => names.some((name) => fitsName(pattern, name));
  },
  before: async (value, engine, client) => {
    const time = Date.parse((await engine.inspectImage(value, client)).Created);
    return ({ created }) => Date.parse(created) < time;
  },
  since: async (value, engine, client) => {
    const time = Date.parse((await engine.inspectImage(value, client)).Created);
    return ({ created }) => Date.parse(created) > time;
  },
};

/** Returns true if the pattern matches the name with or without its tag, from any part of its path on. */
export function fitsName(pattern: RegExp, name: string): boolean {
  const { repository } = splitName(name);
  return [name, repository].some((whole) => {
    const parts = whole.split('/');
    return parts.some((_, i) => pattern.test(parts.slice(i).join('/')));
  });
}

/** Returns a pattern in which `*` and `?` match as in a shell, up to the next `/`. */
export function globPattern(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]');
  return new RegExp(`^${text}$`);
}

const TRANSPORT =
  /^(oci|oci-archive|docker-archive|docker-daemon|containers-storage|dir|sif|tarball|ostree):/;

/** Splits a name as podman's two columns do. A name that no registry has gets no tag. */
export function splitName(name: string): { repository: string; tag: string } {
  if (TRANSPORT.test(name)) return { repository: name, tag: NONE };
  const [, repository = name, tag = NONE] = /^([^@]*?)(?:@.*|:([^/:]*))?$/.exec(name) ?? [];
  return { repository, tag };
}

/** podman's word for a missing repository or tag. */
export const NONE = '<none>';
