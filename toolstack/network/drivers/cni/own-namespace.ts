// SPDX-License-Identifier: Apache-2.0
// Network namespaces that thaw makes: a mount on a file keeps each, so that none needs a process.

import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inNamespace, runTool } from '../../tool.js';

/** Makes a namespace whose loopback is up. Rejects with ERR_NETWORK_TOOL, and with EEXIST where the file exists. */
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

/** Whether the file has a namespace mounted on it: when dom0 ends the mount goes, and the file may stay. */
export async function isNamespace(path: string): Promise<boolean> {
  const found = await statfs(path).catch(() => undefined);
  return found?.type === NSFS_MAGIC;
}

/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
