// SPDX-License-Identifier: Apache-2.0
// A network namespace of thaw's own, kept by a mount on a file, so that it needs no process.

import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inNamespace, runTool } from '../../tool.js';

/** Makes one, with a loopback that is up. Rejects with ERR_NETWORK_TOOL, and EEXIST where the file is there. */
export async function makeNamespace(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, '', { flag: 'wx', mode: 0o600 });
  await runTool('unshare', [`--net=${path}`, 'true']);
  await inNamespace(path, ['ip', 'link', 'set', 'dev', 'lo', 'up']);
}

/** Idempotent. Rejects with ERR_NETWORK_TOOL. */
export async function removeNamespace(path: string): Promise<void> {
  if (await isNamespace(path)) await runTool('umount', [path]);
  await rm(path, { force: true });
}

/** Whether one is there; it goes with dom0's own end, and the file may stay. */
export async function isNamespace(path: string): Promise<boolean> {
  const found = await statfs(path).catch(() => undefined);
  return found?.type === NSFS_MAGIC;
}

/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
