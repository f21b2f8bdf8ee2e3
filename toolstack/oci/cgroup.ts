// SPDX-License-Identifier: Apache-2.0
// The cgroup of dom0 that engines look for a container in: its stand-in is there, what the container uses is its domain's.

import { access, mkdir, rmdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCode } from '../base/errors.js';
import { sleep } from '../base/deadline.js';

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
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Removes it once the stand-in has left it. Another's may be in it: then that one's end removes it. */
export async function leaveCgroup(folder: string): Promise<void> {
  if (folder === '') return;
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if (errorCode(error) !== 'EBUSY') return;
      await sleep(TRY_MS);
    }
  }
}

const TRIES = 50;
const TRY_MS = 20;
