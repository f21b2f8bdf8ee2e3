// SPDX-License-Identifier: Apache-2.0
// A process object of the runtime specification (config.md, Process): one of a file, or the container's own with what exec's options change.

import { readFile } from 'node:fs/promises';
import type { StandIn } from '../../../api/client.js';
import { ProcessFlag } from '../../../api/wire.js';
import { errorMessage } from '../../../base/errors.js';
import { object, type JsonObject } from './fields.js';
import { checkProcess } from './config.js';
import { OciError } from '../errors.js';
import { rootOf, type OciRecord } from '../container/record.js';
import { isSealed } from './rootfs.js';

export type ProcessSpec = JsonObject & { args: string[]; cwd: string; terminal: boolean };

/** What exec's command line says, beside --process. */
export interface ExecOptions {
  args: readonly string[];
  tty: boolean;
  cwd?: string | undefined;
  /** UID[:GID]. */
  user?: string | undefined;
  env: readonly string[];
  /** Added to each set. */
  caps: readonly string[];
  gids: readonly string[];
  noNewPrivileges: boolean;
}

/** That of --process. Rejects with ERR_OCI_CONFIG. */
export async function readProcess(path: string): Promise<ProcessSpec> {
  let untrusted: unknown;
  try {
    untrusted = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new OciError('ERR_OCI_CONFIG', `Cannot read ${path}: ${errorMessage(cause)}`, { cause });
  }
  return inGuest(checkProcess(untrusted));
}

/** The container's own with what was asked for. Throws ERR_USAGE. Pure. */
export function processWith(own: ProcessSpec, options: ExecOptions): ProcessSpec {
  const { args, tty, cwd, user, env, caps, gids, noNewPrivileges } = options;
  if (args.length === 0) throw new OciError('ERR_USAGE', 'exec: a program is wanted');
  const before = object(own['user'] ?? {}, 'process.user');
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

function withCaps(untrusted: unknown, caps: readonly string[]): object {
  const before = object(untrusted ?? {}, 'process.capabilities');
  return Object.fromEntries(
    SETS.map((set) => {
      const names = Array.isArray(before[set]) ? (before[set] as unknown[]) : [];
      return [set, [...new Set([...names, ...caps])]];
    }),
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

/** The guest's kernel has no such security modules. */
export function inGuest(process: ProcessSpec): ProcessSpec {
  return without(process, ['apparmorProfile', 'selinuxLabel']);
}

/** SAFETY: what is left out is not in T's own names. */
function without<T extends JsonObject>(from: T, names: readonly string[]): T {
  return Object.fromEntries(Object.entries(from).filter(([name]) => !names.includes(name))) as T;
}

/** The size of its terminal; 0 where it says none. Throws ERR_OCI_CONFIG. Pure. */
export function sizeOf(process: JsonObject): { rows: number; cols: number } {
  const { height, width } = object(process['consoleSize'] ?? {}, 'process.consoleSize');
  const side = (value: unknown): number =>
    typeof value === 'number' && value >= 0 && value <= 0xffff ? value : 0;
  return { rows: side(height), cols: side(width) };
}

/** What its stand-in has of dom0. Pure. */
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
