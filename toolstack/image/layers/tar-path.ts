// SPDX-License-Identifier: Apache-2.0
// Turns names and hard link targets of tar entries into paths below the layer's root, and refuses unsafe ones.
import { ImageError, quoteUntrusted } from '../errors.js';

const PATH_MAX = 4096;
const NAME_MAX = 255;

/**
 * Returns the path below the layer's root, without leading `/` or `./`; '' is the root itself. An absolute name starts at the layer's root, as with
 * tar and docker. Throws ERR_IMAGE_UNSAFE for `..`, NUL, and names longer than Linux allows.
 */
export function entryPath(untrustedName: string, what = 'Entry'): string {
  const parts = untrustedName.split('/').filter((part) => part !== '' && part !== '.');
  const path = parts.join('/');
  if (parts.includes('..')) unsafe(what, untrustedName, 'has a ".." component');
  if (untrustedName.includes('\0')) unsafe(what, untrustedName, 'has a NUL character');
  // A character takes at most three bytes per UTF-16 unit: short names need no count.
  if (path.length * 3 > NAME_MAX) {
    if (Buffer.byteLength(path) >= PATH_MAX)
      unsafe(what, untrustedName, `is longer than ${PATH_MAX - 1} bytes`);
    if (parts.some((part) => Buffer.byteLength(part) > NAME_MAX)) {
      unsafe(what, untrustedName, `has a component longer than ${NAME_MAX} bytes`);
    }
  }
  return path;
}

/** Returns the path's folder; '' for a path in the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** Returns the path's last component. */
export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function joinPath(parent: string, base: string): string {
  return parent === '' ? base : `${parent}/${base}`;
}

function unsafe(what: string, untrustedName: string, why: string): never {
  throw new ImageError(
    'ERR_IMAGE_UNSAFE',
    `${what} ${quoteUntrusted(untrustedName)} ${why}: rebuild the image without it`,
  );
}
