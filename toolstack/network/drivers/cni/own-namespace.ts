// SPDX-License-Identifier: Apache-2.0
// Makes and removes network namespaces. A mount on a file keeps each namespace without a process.

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

/** Removes the namespace's mount and file. Idempotent. Rejects with ERR_NETWORK_TOOL. */
export async function removeNamespace(path: string): Promise<void> {
  if (await isNamespace(path)) await runTool('umount', [path]);
  await rm(path, { force: true });
}

/** True when a namespace is mounted on the file: after a restart of dom0 the mount is gone, but the file may remain. */
export async function isNamespace(path: string): Promise<boolean> {
  const found = await statfs(path).catch(() => undefined);
  return found?.type === NSFS_MAGIC;
}

/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
