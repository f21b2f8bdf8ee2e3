// SPDX-License-Identifier: Apache-2.0
// Where on the host a copied thing goes: podman's rules, as kernels/agent/archive/target.c has them for the other way.

import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errorCode } from '../base/errors.js';
import { CopyError } from './errors.js';

export interface LocalTarget {
  /** A folder that is there. */
  folder: string;
  /** The copied thing's name in it; undefined for a folder whose contents go there. */
  name?: string;
}

/** Throws ERR_COPY when what is there does not go together with what is copied. */
export async function settleLocal(options: {
  target: string;
  name: string;
  isFolder: boolean;
  overwrites: boolean;
}): Promise<LocalTarget> {
  const { target, name, isFolder, overwrites } = options;
  const there = await stat(target).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw new CopyError(`Cannot use ${target}`, error);
    return undefined;
  });
  if (there?.isDirectory() === true) {
    if (name !== '') return { folder: target, name };
    if (isFolder) return { folder: target };
    throw new CopyError(`Cannot copy a file to ${target}: it is a folder`);
  }
  if (there && isFolder && !overwrites)
    throw new CopyError(`Cannot copy a folder to ${target}: it is a file; see --overwrite`);
  if (!there && !isFolder && /\/\.?$/.test(target))
    throw new CopyError(`Cannot find the folder ${target}`);
  // Where a link leads is written to, not the link.
  const real = there ? await realpath(target) : target.replace(/(\/\.?)+$/, '');
  const folder = dirname(real);
  const above = await stat(folder).catch(() => undefined);
  if (above?.isDirectory() !== true) throw new CopyError(`Cannot find the folder ${folder}`);
  return { folder, name: basename(real) };
}
