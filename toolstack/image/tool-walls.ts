// SPDX-License-Identifier: Apache-2.0
// The walls around a program that parses what an image's author wrote: few system calls, a uid of its own without privileges, no network, and by
// Landlock no file but its own libraries and those that it is given. An older kernel or util-linux lacks some: the program then goes without.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { filterFile } from '../base/seccomp/filter-file.js';
import type { PolicyName } from '../base/seccomp/policies.js';

export interface Walls {
  /** From walledUid(), or 0 for a program whose files must belong to root. */
  uid: number;
  /** setpriv's list. Landlock still decides which files the capabilities reach, and refuses mounts. */
  caps: string;
  /** The files that the program may use besides its libraries: setpriv's rules, RIGHTS:PATH. */
  rules: readonly string[];
  policy: PolicyName;
  hasNetwork?: boolean;
  /** The most address space. */
  memoryBytes: number;
  /** The most processes and threads. */
  processes: number;
}

/** The path at which a walled program finds its file. */
export const FILE = '/proc/self/fd/3';
/** The path at which setpriv finds the filter of system calls. */
const FILTER = '/proc/self/fd/4';
export const NO_CAPS = '-all';
/** Reads files whoever owns them. */
export const READ_CAPS = '-all,+dac_read_search';
export const READ_RIGHTS = 'read-file,read-dir';
/** Makes, changes and removes files and folders. */
export const TREE_RIGHTS = `${READ_RIGHTS},write-file,truncate,make-reg,make-dir,remove-file,remove-dir,refer`;
export const GIB = 1024 * 1024 * 1024;

/** Above the uids of users, of systemd's services and of engines' containers. */
const [UID_MIN, UID_MAX] = [2_100_000_000, 2_140_000_000];
const LIBRARIES = ['execute,read-file,read-dir:/usr', 'read-file:/etc/ld.so.cache'];

/** Returns a uid that no other process has, most likely: programs of one uid could end each other. */
export function walledUid(): number {
  return randomInt(UID_MIN, UID_MAX);
}

/** Resolves with the walls of a program that reads an open file at FILE, or writes it, or reads a folder. */
export function parserWalls(
  uid: number,
  { file, reads }: { file?: 'read' | 'write' | undefined; reads?: string | undefined },
): Walls {
  const rules = [
    ...(file === 'read' ? [`read-file:${FILE}`] : []),
    ...(file === 'write' ? [`read-file,write-file,truncate:${FILE}`] : []),
    ...(reads === undefined ? [] : [`${READ_RIGHTS}:${reads}`]),
  ];
  // mkfs.erofs needs about 600 MB for a million files.
  const limits = { policy: 'parser', memoryBytes: 2 * GIB, processes: 64 } as const;
  return { uid, caps: parserCaps(file, reads), rules, ...limits };
}

function parserCaps(file: 'read' | 'write' | undefined, reads: string | undefined): string {
  // The kernel shows an overlay's marks of deleted files (trusted.*) only to this capability. The filter leaves it little else.
  if (reads !== undefined) return `${READ_CAPS},+sys_admin`;
  // The file is the user's, who may have kept it from others.
  return file === 'read' ? READ_CAPS : NO_CAPS;
}

/** The words before a program's own that put it behind walls, and the descriptor that the program must get as its fourth. */
export interface Wrapping {
  words: string[];
  filter: number | undefined;
}

/** Resolves with the words of the walls; setpriv(1) is the last program among them. */
export async function wrapped(walls: Walls): Promise<Wrapping> {
  const { uid, caps, rules, hasNetwork = false, memoryBytes, processes } = walls;
  const filter = await usableFilter(walls.policy);
  const landlock = [...LIBRARIES, ...rules].flatMap((rule) => [
    '--landlock-rule',
    `path-beneath:${rule}`,
  ]);
  const words = [
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    // All that the program starts ends with it.
    ...['unshare', ...(hasNetwork ? [] : ['--net']), '--ipc', '--pid', '--fork'],
    ...['--kill-child=KILL', '--'],
    ...['prlimit', `--as=${memoryBytes}`, `--nproc=${processes}`, '--core=0', '--'],
    ...['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'],
    ...(filter === undefined ? [] : ['--seccomp-filter', FILTER]),
    ...['--reuid', String(uid), '--regid', String(uid), '--clear-groups'],
    // access(2) ignores the capabilities of a user other than root otherwise.
    '--securebits=+no_setuid_fixup',
    ...[`--bounding-set=${caps}`, `--inh-caps=${caps}`, `--ambient-caps=${caps}`],
    ...((await hasLandlock()) ? ['--landlock-access', 'fs', ...landlock] : []),
  ];
  return { words, filter };
}

/** Resolves with setpriv's words for a filter alone, for programs that keep root's files. */
export async function filtered(policy: PolicyName): Promise<Wrapping> {
  const filter = await usableFilter(policy);
  return { words: filter === undefined ? [] : ['--seccomp-filter', FILTER], filter };
}

/** True where programs run behind the policy's filter. */
export async function hasFilter(policy: PolicyName): Promise<boolean> {
  return (await usableFilter(policy)) !== undefined;
}

/** Resolves with undefined for a kernel without seccomp, and for setpriv before util-linux 2.41. */
async function usableFilter(policy: PolicyName): Promise<number | undefined> {
  const fd = filterFile(policy);
  if (fd === undefined) return undefined;
  return (await works('seccomp', ['--seccomp-filter', FILTER], fd)) ? fd : undefined;
}

/** Resolves with false for a kernel that lacks Landlock or one of these rights, and for setpriv before util-linux 2.41. */
function hasLandlock(): Promise<boolean> {
  const rules = [LIBRARIES[0] ?? '', `${TREE_RIGHTS}:/tmp`];
  const words = rules.flatMap((rule) => ['--landlock-rule', `path-beneath:${rule}`]);
  return works('landlock', ['--landlock-access', 'fs', ...words]);
}

const known = new Map<string, Promise<boolean>>();

/** Asks setpriv once whether this host has a wall. */
function works(wall: string, words: readonly string[], filter?: number): Promise<boolean> {
  const before = known.get(wall);
  if (before) return before;
  const answer = new Promise<boolean>((resolve) => {
    const child = spawn('setpriv', ['--no-new-privs', ...words, '--', '/usr/bin/true'], {
      stdio: ['ignore', 'ignore', 'ignore', 'ignore', filter ?? 'ignore'],
    });
    child.once('error', () => {
      known.delete(wall);
      resolve(false);
    });
    child.once('close', (status) => resolve(status === 0));
  });
  known.set(wall, answer);
  return answer;
}
