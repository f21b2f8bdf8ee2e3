// SPDX-License-Identifier: Apache-2.0
// The cgroup of dom0 that engines look for a container in: its stand-in is there, what the container uses is its domain's.

import { access, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { errorCode } from '../../../base/errors.js';
import { sleep } from '../../../base/deadline.js';
import { unmountFigures } from './stats-files.js';

const CGROUPS = '/sys/fs/cgroup';

/** Where linux.cgroupsPath is: a path, or systemd's slice:prefix:name. Pure. */
export function cgroupFolder(path: string): string {
  const [slice, prefix, name] = path.split(':');
  const isSystemds = name !== undefined && !path.includes('/');
  const below = isSystemds ? `${slice || 'system.slice'}/${prefix}-${name}.scope` : path;
  // Whatever `..` it has stays below.
  return join(CGROUPS, resolve('/', below));
}

/** Makes it, and resolves with its folder; '' where none is asked for, or dom0 has no cgroup v2. */
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
 * Engines look for memory.events and pids.current there, which are there where memory and processes are counted; that is to be said in each
 * folder above. Where systemd or processes in one of these are in the way, they find none.
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
 * Removes it once the stand-in has left it, which is killed where it takes its time: nobody asks any more how it ended. Another's may be in it:
 * then that one's end removes it.
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

/** Resolves with whether it is gone, after a second at the latest. */
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
 * Where no process is in it, what killed ones left mounted there goes: once the folder is gone nobody could find that any more. Resolves with
 * whether there was none.
 */
export async function clearCgroup(folder: string): Promise<boolean> {
  if (folder === '') return true;
  const processes = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  const isLeft = processes.trim() === '';
  if (isLeft) await unmountFigures(folder);
  return isLeft;
}

const TRIES = 50;
const TRY_MS = 20;
