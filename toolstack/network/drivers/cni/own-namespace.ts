// SPDX-License-Identifier: Apache-2.0
// Makes and removes network namespaces. A mount on a file keeps each namespace without a process.

import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inNamespace, runTool } from '../../tool.js';

/** Settings that interfaces of the namespace begin with: the namespace takes no word of a guest or a network for its own configuration. */
const WALLS = [
  'net.ipv6.conf.default.accept_ra=0',
  'net.ipv6.conf.default.autoconf=0',
  'net.ipv6.conf.default.accept_redirects=0',
  'net.ipv4.conf.default.accept_redirects=0',
  'net.ipv4.conf.all.accept_redirects=0',
];

/**
 * Makes a namespace whose loopback is up, and whose interfaces take no router advertisements and no redirects. Rejects with ERR_NETWORK_TOOL, and
 * with EEXIST where the file exists.
 */
export async function makeNamespace(path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFile(path, '', { flag: 'wx', mode: 0o600 });
  // A kernel without IPv6 lacks some settings.
  await runTool('unshare', [`--net=${path}`, 'sysctl', '-eqw', ...WALLS]);
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
