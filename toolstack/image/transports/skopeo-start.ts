// SPDX-License-Identifier: Apache-2.0
// Starts skopeo as its source or target demands: behind walls, or as root where an engine's store, its socket or a helper for logins needs that.

import { chmod, lchown, lstat, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { ImageError, quoteUntrusted } from '../errors.js';
import type { Transport } from '../reference.js';
import { startBehind, startTool, type RunningTool, type ToolOptions } from '../tool.js';
import { hasFilter, walledUid } from '../tool-walls.js';
import { makeOwnFolder, skopeoEnv, skopeoWalls, usesHelpers } from './skopeo-walls.js';

export interface Copy {
  readonly transport: Transport;
  /** The files and folders that skopeo reads. */
  readonly from: readonly string[];
  /** The file or folder that skopeo makes outside its own folder. */
  readonly makes?: string | undefined;
}

export interface Skopeo {
  /** The folder that skopeo may write to; undefined for one that runs as root. */
  readonly own: string | undefined;
  readonly start: (args: readonly string[], options: ToolOptions) => Promise<RunningTool>;
}

const WALLED: readonly Transport[] = ['docker', 'oci', 'oci-archive', 'docker-archive', 'dir'];

/** Makes a folder for skopeo below `tmpDir`, which the caller removes. */
export async function prepare(
  { transport, from, makes }: Copy,
  { tmpDir, authFile }: { tmpDir: string; authFile?: string | undefined },
): Promise<Skopeo> {
  const hasNetwork = transport === 'docker';
  const needsRoot =
    !WALLED.includes(transport) ||
    (hasNetwork && (await usesHelpers(authFile))) ||
    // The filter lets skopeo believe that it can change owners (policies.ts).
    (transport === 'oci-archive' && makes === undefined && !(await hasFilter('copier')));
  if (needsRoot)
    return { own: undefined, start: (args, options) => startAsRoot(transport, args, options) };
  const uid = makes === undefined ? walledUid() : 0;
  const own = await makeOwnFolder(tmpDir, uid);
  const walls = await skopeoWalls({ reads: from, own, uid, makes, authFile, hasNetwork });
  const env = skopeoEnv(own);
  return { own, start: (args, options) => startBehind(walls, 'skopeo', args, { env }, options) };
}

function startAsRoot(transport: Transport, args: readonly string[], options: ToolOptions) {
  if (transport === 'docker-daemon')
    return startTool('skopeo', args, { ...options, policy: 'local' });
  // podman's store mounts an image's layers to read them.
  const keepsCaps = transport === 'containers-storage';
  return startTool('skopeo', args, { ...options, policy: 'mounter', keepsCaps });
}

/**
 * Moves a folder of files that skopeo made to `path`, and gives it to root. thawd reads these files as root: a link in place of a file would show it
 * another file of dom0. Rejects with ERR_IMAGE_CORRUPT. skopeo must have ended.
 */
export async function takeOver(folder: string, path: string): Promise<void> {
  for (const name of ['', ...(await readdir(folder))]) {
    const file = join(folder, name);
    const found = await lstat(file);
    if (name === '' ? !found.isDirectory() : !found.isFile() || found.nlink !== 1)
      throw new ImageError(
        'ERR_IMAGE_CORRUPT',
        `Cannot use the copy: ${quoteUntrusted(name)} in it is a link or a folder; pull the image again`,
      );
    await lchown(file, 0, 0);
    await chmod(file, name === '' ? 0o700 : 0o600);
  }
  if (folder !== path) await rename(folder, path);
}
