// SPDX-License-Identifier: Apache-2.0
// Makes the process object of exec (config.md, Process): from a file, or from the container's own process with the changes of exec's options.

import { readFile } from 'node:fs/promises';
import type { StandIn } from '../../../api/client.js';
import { ProcessFlag } from '../../../api/wire.js';
import { errorMessage } from '../../../base/errors.js';
import { checkProcess, type ProcessSpec } from './config.js';
import type { JsonObject } from './fields.js';
import { OciError } from '../errors.js';
import { rootOf, type OciRecord } from '../container/record.js';
import { isSealed } from './rootfs.js';

/** The options of exec beside --process. */
export interface ExecOptions {
  args: readonly string[];
  tty: boolean;
  cwd?: string | undefined;
  /** UID[:GID]. */
  user?: string | undefined;
  env: readonly string[];
  /** Capabilities that exec adds to each set. */
  caps: readonly string[];
  gids: readonly string[];
  noNewPrivileges: boolean;
}

/** Reads the file of --process. Rejects with ERR_OCI_CONFIG. */
export async function readProcess(path: string): Promise<ProcessSpec> {
  let untrusted: unknown;
  try {
    untrusted = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new OciError('ERR_OCI_CONFIG', `Cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
  return inGuest(checkProcess(untrusted));
}

/** Returns the container's own process with the changes of `options`. Throws ERR_USAGE. Pure. */
export function processWith(own: ProcessSpec, options: ExecOptions): ProcessSpec {
  const { args, tty, cwd, user, env, caps, gids, noNewPrivileges } = options;
  if (args.length === 0) throw new OciError('ERR_USAGE', 'exec: a program is wanted');
  const before = (own['user'] ?? {}) as JsonObject;
  const groups = gids.map((gid) => number(gid, '--additional-gids'));
  const ownGroups = Array.isArray(before['additionalGids']) ? before['additionalGids'] : [];
  return inGuest({
    ...without(own, ['consoleSize']),
    args: [...args],
    terminal: tty,
    cwd: cwd ?? own.cwd,
    env: [...((own['env'] ?? []) as string[]), ...env],
    user: {
      ...before,
      ...(user === undefined ? {} : parseUser(user)),
      ...(groups.length > 0 ? { additionalGids: [...(ownGroups as unknown[]), ...groups] } : {}),
    },
    ...(caps.length > 0 ? { capabilities: withCaps(own['capabilities'], caps) } : {}),
    ...(noNewPrivileges ? { noNewPrivileges } : {}),
  });
}

const SETS = ['bounding', 'effective', 'inheritable', 'permitted', 'ambient'];

function withCaps(before: unknown, caps: readonly string[]): object {
  const sets = (before ?? {}) as Record<string, string[] | null | undefined>;
  return Object.fromEntries(
    SETS.map((set) => [set, [...new Set([...(sets[set] ?? []), ...caps])]]),
  );
}

function parseUser(text: string): { uid: number; gid?: number } {
  const [uid = '', gid, more] = text.split(':');
  if (more !== undefined) throw new OciError('ERR_USAGE', `--user: "${text}" is no UID[:GID]`);
  return {
    uid: number(uid, '--user'),
    ...(gid === undefined ? {} : { gid: number(gid, '--user') }),
  };
}

function number(text: string, option: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new OciError('ERR_USAGE', `${option}: "${text}" is no number`);
}

/** Returns the process without the labels of security modules that the guest's kernel does not have. */
export function inGuest(process: ProcessSpec): ProcessSpec {
  return without(process, ['apparmorProfile', 'selinuxLabel']);
}

/** SAFETY: T itself declares none of the removed names. */
function without<T extends JsonObject>(from: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name))) as T;
}

/** Returns the size of the process's terminal in characters; 0 where it has none. Pure. */
export function sizeOf(process: JsonObject): { rows: number; cols: number } {
  const { height, width } = (process['consoleSize'] ?? {}) as JsonObject;
  const side = (value: unknown): number =>
    typeof value === 'number' && value >= 0 && value <= 0xffff ? value : 0;
  return { rows: side(height), cols: side(width) };
}

/** Returns the host paths and flags for the process's stand-in. Pure. */
export function standInOf(
  record: Pick<OciRecord, 'rootfs' | 'sandbox' | 'cgroup' | 'annotations'>,
  process: Pick<StandIn, 'shimSocket' | 'process' | 'flags' | 'console'>,
  network: string,
): StandIn {
  const { cgroup } = record;
  return {
    ...process,
    flags: process.flags | (isSealed(record) ? ProcessFlag.READONLY : 0),
    root: rootOf(record),
    network,
    cgroup: cgroup === '' ? '' : `${cgroup}/cgroup.procs`,
  };
}
