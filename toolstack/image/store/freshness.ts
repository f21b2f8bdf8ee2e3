// SPDX-License-Identifier: Apache-2.0
// Has a local file or folder changed since it was read? A cheap stamp: no program is run, no layer is read.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../base/errors.js';
import { ImageError } from '../errors.js';
import { digestOf, readLimited } from '../json.js';
import type { ImageReference } from '../reference.js';

const INDEX_MAX = 4 * 1024 * 1024;

/**
 * A text that changes when the image at a local path does: the digest of a folder's index or manifest (all else in it goes by
 * digest), inode, size and times of an archive; '' for references that are no local path. Throws ERR_IMAGE_NOT_FOUND.
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
