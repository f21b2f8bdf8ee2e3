// SPDX-License-Identifier: Apache-2.0
// Finds the target on the host of a copy by podman's rules, as kernels/agent/archive/target.c does in the guest.

import { realpath, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { errorCode } from '../base/errors.js';
import { CopyError } from './errors.js';

export interface LocalTarget {
  /** An existing directory. */
  folder: string;
  /** Name of the copied thing in it; undefined where the contents of a directory go there. */
  name?: string;
}

/** Throws ERR_COPY where the target and the copied thing do not fit. */
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
  // The copy replaces the target of a link, not the link.
  const real = there ? await realpath(target) : target.replace(/(\/\.?)+$/, '');
  const folder = dirname(real);
  const above = await stat(folder).catch(() => undefined);
  if (above?.isDirectory() !== true) throw new CopyError(`Cannot find the folder ${folder}`);
  return { folder, name: basename(real) };
}
