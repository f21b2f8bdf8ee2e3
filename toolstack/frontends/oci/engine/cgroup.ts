// SPDX-License-Identifier: Apache-2.0
// Manages the cgroup of dom0 in which container engines look for a container. Only its stand-in is there: the container itself uses its domain.

import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { errorCode } from '../../../base/errors.js';
import { sleep } from '../../../base/deadline.js';
import { unmountStatsFiles } from './stats-files.js';

const CGROUPS = '/sys/fs/cgroup';

/** Returns the folder of linux.cgroupsPath, which is a path, or systemd's slice:prefix:name. Pure. */
export function cgroupFolder(path: string): string {
  const [slice, prefix, name] = path.split(':');
  const isSystemds = name !== undefined && !path.includes('/');
  const below = isSystemds ? `${slice || 'system.slice'}/${prefix}-${name}.scope` : path;
  // resolve() keeps a path with `..` below the cgroup root.
  return join(CGROUPS, resolve('/', below));
}

/** Makes the cgroup and resolves with its folder; '' where `path` is empty, or dom0 has no cgroup v2. */
export async function enterCgroup(path: string): Promise<string> {
  if (path === '') return '';
  const hasV2 = await access(`${CGROUPS}/cgroup.procs`).then(
    () => true,
    () => false,
  );
  if (!hasV2) return '';
  const folder = cgroupFolder(path);
  const isNew = (await mkdir(folder, { recursive: true })) !== undefined;
  if (!isNew) await clearCgroup(folder);
  await count(folder);
  return folder;
}

/**
 * Enables the memory and pids controllers in each folder above. Container engines look for memory.events and pids.current, which need them. Fails
 * silently where systemd or processes in one of these folders prevent it.
 */
async function count(folder: string): Promise<void> {
  const counted = await readFile(join(folder, 'cgroup.controllers'), 'utf8').catch(() => '');
  const missing = ['memory', 'pids'].filter((name) => !counted.split(/\s/).includes(name));
  const names = relative(CGROUPS, folder).split('/').slice(0, -1);
  for (const name of missing)
    for (let depth = 0; depth <= names.length; depth++) {
      const above = join(CGROUPS, ...names.slice(0, depth));
      await writeFile(join(above, 'cgroup.subtree_control'), `+${name}`).catch(() => undefined);
    }
}

/**
 * Removes the cgroup once the stand-in has left it. Kills a stand-in that takes too long: its exit status is of no use any more. Another container's
 * stand-in may be in the cgroup: then that container's end removes it.
 */
export async function leaveCgroup(folder: string, standIn: number): Promise<void> {
  if (folder === '' || (await isLeft(folder))) return;
  const processes = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  if (standIn <= 0 || !processes.split('\n').includes(String(standIn))) return;
  try {
    process.kill(standIn, 'SIGKILL');
  } catch (error) {
    if (errorCode(error) !== 'ESRCH') throw error;
  }
  await isLeft(folder);
}

/** Resolves with true once the cgroup is gone, or with false after a second. */
async function isLeft(folder: string): Promise<boolean> {
  for (let tries = 0; tries < TRIES; tries++) {
    if (await clearCgroup(folder)) {
      try {
        await rmdir(folder);
        return true;
      } catch (error) {
        if (errorCode(error) !== 'EBUSY') return true;
      }
    }
    await sleep(TRY_MS);
  }
  return false;
}

/**
 * Unmounts the stats files of killed stand-ins in a cgroup without processes: later no path would lead to these mounts. Resolves with true where the
 * cgroup has no process.
 */
export async function clearCgroup(folder: string): Promise<boolean> {
  if (folder === '') return true;
  const processes = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  const isLeft = processes.trim() === '';
  if (isLeft) await unmountStatsFiles(folder);
  return isLeft;
}

const TRIES = 50;
const TRY_MS = 20;
