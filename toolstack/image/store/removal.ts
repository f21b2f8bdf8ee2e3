// SPDX-License-Identifier: Apache-2.0
// Removes names of images, and an image with its last name unless it is needed; prunes all images that are not needed.

import type { Catalog } from './catalog.js';
import { ImageError } from '../errors.js';
import type { ImageReference } from '../reference.js';
import type { Records } from './records.js';
import type { Image } from '../types.js';

export interface Removal {
  /** The user's text: a name, or the start of an id. */
  text: string;
  isNeeded: (image: Image) => boolean;
  /** Removes by id also an image with several names. */
  force: boolean;
}

/** Resolves with a line for each removed name and image. Rejects with ERR_IMAGE_NOT_FOUND and ERR_IMAGE_IN_USE. */
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
  // No other code runs between this check and the removal from the records.
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
  /** The ids of the removed images. */
  readonly images: string[];
  /** The freed bytes on disk. */
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
    // No other code runs between the check and the removal from the records, as in removeImage().
    if ((!all && image.names.length > 0) || isNeeded(image)) continue;
    await records.removeImage(record.id);
    images.push(record.id);
  }
  return { images, bytes: images.length > 0 ? await catalog.prune() : 0 };
}
