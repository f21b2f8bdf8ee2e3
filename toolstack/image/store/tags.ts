// SPDX-License-Identifier: Apache-2.0
// Adds names to stored images, and removes them.

import { ImageError } from '../errors.js';
import { parseReference, type ImageReference } from '../reference.js';
import type { ImageRecord, Records } from './records.js';

/** Adds names to the image, which `ref` found. Rejects with ERR_IMAGE_REFERENCE before it adds any. */
export async function tagImage(
  records: Records,
  record: ImageRecord,
  ref: ImageReference,
  names: readonly string[],
): Promise<void> {
  const wanted = names.map(tagName);
  // The image's name may stand for another manifest than the latest kept one.
  const own = records.names.get(ref.name)?.manifestDigest;
  const manifestDigest = own ?? record.source?.manifest.digest ?? '';
  const { id } = record;
  for (const name of wanted)
    await records.setName(name, { id, manifestDigest, stamp: '', pulledAt: Date.now() });
}

/** Removes names from the image, all of them if `names` is empty. Rejects with ERR_IMAGE_NOT_FOUND for a name that the image does not have. */
export async function untagImage(
  records: Records,
  { id }: ImageRecord,
  names: readonly string[],
  cwd: string | undefined,
): Promise<string[]> {
  const has = records.namesOf(id);
  const gone = names.length === 0 ? has : names.map((text) => parseReference(text, { cwd }).name);
  const stranger = gone.find((name) => !has.includes(name));
  if (stranger !== undefined)
    throw new ImageError(
      'ERR_IMAGE_NOT_FOUND',
      `Cannot take the name "${stranger}" off image ${id.slice(7, 19)}: it is called ${has.join(', ') || 'nothing'}`,
    );
  for (const name of gone) await records.removeName(name);
  return gone;
}

/** Returns the name. Throws for any name but a registry's with a tag: a path or a digest cannot name another image. */
export function tagName(text: string): string {
  const { transport, name } = parseReference(text, { cwd: '/' });
  if (transport === 'docker' && !name.includes('@')) return name;
  throw new ImageError(
    'ERR_IMAGE_REFERENCE',
    `Cannot use "${text}" as a name for an image: write it as on a registry, such as team/app:1`,
  );
}
