// SPDX-License-Identifier: Apache-2.0
// Detects changes of a local image by a cheap stamp: runs no program, and reads no layer.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../base/errors.js';
import { ImageError } from '../errors.js';
import { digestOf, readLimited } from '../json.js';
import type { ImageReference } from '../reference.js';

const INDEX_MAX = 4 * 1024 * 1024;

/**
 * Resolves with a text that changes with the image at a local path. For a folder, it is the digest of the index or manifest, which has the digests
 * of all other files. For an archive, it is the inode, size and times. '' for references without a local path. Rejects with ERR_IMAGE_NOT_FOUND.
 */
export async function stampOf(ref: ImageReference): Promise<string> {
  try {
    const stamps: string[] = [];
    for (const path of ref.paths) {
      if (ref.transport === 'oci')
        stamps.push(digestOf(await readLimited(join(path, 'index.json'), INDEX_MAX)));
      else if (ref.transport === 'dir')
        stamps.push(digestOf(await readLimited(join(path, 'manifest.json'), INDEX_MAX)));
      else stamps.push(await fileStamp(path));
    }
    return stamps.join(' ');
  } catch (error) {
    const code = errorCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
    const missing = (error as NodeJS.ErrnoException).path ?? ref.paths.join(' ');
    throw new ImageError(
      'ERR_IMAGE_NOT_FOUND',
      `Cannot find image "${ref.name}": no ${missing}; check the path`,
      {
        cause: error,
      },
    );
  }
}

async function fileStamp(path: string): Promise<string> {
  const s = await stat(path, { bigint: true });
  if (!s.isFile())
    throw new ImageError(
      'ERR_IMAGE_NOT_FOUND',
      `Cannot read image archive ${path}: it is not a file`,
    );
  return [s.dev, s.ino, s.size, s.mtimeNs, s.ctimeNs].join('-');
}
