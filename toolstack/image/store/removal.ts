// SPDX-License-Identifier: Apache-2.0
// What removing images means: a name goes first, the image with its last name, never one that is needed; pruning takes all that are not.

import type { Catalog } from './catalog.js';
import { ImageError } from '../errors.js';
import type { ImageReference } from '../reference.js';
import type { Records } from './records.js';
import type { Image } from '../types.js';

export interface Removal {
  /** What the user typed: a name, or the start of an id. */
  text: string;
  isNeeded: (image: Image) => boolean;
  /** By id, also an image of several names. */
  force: boolean;
}

/** Returns a line for each thing done. Throws ERR_IMAGE_NOT_FOUND and ERR_IMAGE_IN_USE. */
export async function removeImage(
  records: Records,
  catalog: Catalog,
  ref: ImageReference,
  { text, isNeeded, force }: Removal,
): Promise<string[]> {
  const record = catalog.find(text, ref);
  const names = records.namesOf(record.id);
  const isNamed = records.names.get(ref.name)?.id === record.id;
  if (isNamed && names.length > 1) {
    await records.removeName(ref.name);
    return [`Untagged: ${ref.name}`];
  }
  const title = `Cannot remove image ${record.id.slice(7, 19)}`;
  if (!isNamed && names.length > 1 && !force) {
    throw new ImageError(
      'ERR_IMAGE_IN_USE',
      `${title}: it has the names ${names.join(', ')}; remove these`,
    );
  }
  // From this check to where the records forget the image, nothing else runs.
  if (isNeeded(catalog.present(record))) {
    throw new ImageError(
      'ERR_IMAGE_IN_USE',
      `${title}: a container uses it; remove the container first`,
    );
  }
  await records.removeImage(record.id);
  await catalog.prune();
  return [...names.map((name) => `Untagged: ${name}`), `Deleted: ${record.id}`];
}

export interface Pruned {
  /** Ids. */
  readonly images: string[];
  /** Bytes on disk that were won. */
  readonly bytes: number;
}

/** Removes all images that are not needed: those without a name, or with `all` every one. */
export async function pruneImages(
  records: Records,
  catalog: Catalog,
  { isNeeded, all }: { isNeeded: (image: Image) => boolean; all: boolean },
): Promise<Pruned> {
  const images: string[] = [];
  for (const record of [...records.images.values()]) {
    const image = catalog.present(record);
    // As in removeImage(): nothing comes between the check and the removal.
    if ((!all && image.names.length > 0) || isNeeded(image)) continue;
    await records.removeImage(record.id);
    images.push(record.id);
  }
  return { images, bytes: images.length > 0 ? await catalog.prune() : 0 };
}
