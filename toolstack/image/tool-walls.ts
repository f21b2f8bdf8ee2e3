// SPDX-License-Identifier: Apache-2.0
// The walls around a program that parses what an image's author wrote: a uid of its own without privileges, no network, and by Landlock no file but
// its own libraries and those that it is given.

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { defined } from '../base/defined.js';

/** The files that a walled program may use besides its libraries. */
export interface Walls {
  /** An open file that the program reads or writes at FILE. It must belong to `uid` where it is written. */
  fd?: { fd: number; isWritten: boolean };
  /** A folder that the program reads, whoever owns what is in it. */
  reads?: string;
  /** The program's uid, from walledUid(). */
  uid: number;
}

/** The path at which a walled program finds its file. */
export const FILE = '/proc/self/fd/3';

/** Above the uids of users, of systemd's services and of engines' containers. */
const [UID_MIN, UID_MAX] = [2_100_000_000, 2_140_000_000];
/** The most address space. mkfs.erofs needs about 600 MB for a million files. */
const MEMORY = 2 * 1024 * 1024 * 1024;
/** The most processes and threads. */
const PROCESSES = 64;
const LIBRARIES = ['execute,read-file,read-dir:/usr', 'read-file:/etc/ld.so.cache'];

/** Returns a uid that no other process has, most likely: programs of one uid could end each other. */
export function walledUid(): number {
  return randomInt(UID_MIN, UID_MAX);
}

/** Returns the words before a program's own that put it behind its walls; setpriv(1) is the last program among them. */
export async function wallWords({ fd, reads, uid }: Walls): Promise<string[]> {
  const caps = capsFor(defined({ fd, reads }));
  const rules = [
    ...LIBRARIES,
    ...(fd ? [`read-file${fd.isWritten ? ',write-file,truncate' : ''}:${FILE}`] : []),
    ...(reads === undefined ? [] : [`read-file,read-dir:${reads}`]),
  ].flatMap((rule) => ['--landlock-rule', `path-beneath:${rule}`]);
  return [
    ...['setpriv', '--pdeathsig', 'KILL', '--'],
    // All that the program starts ends with it.
    ...['unshare', '--net', '--ipc', '--pid', '--fork', '--kill-child=KILL', '--'],
    ...['prlimit', `--as=${MEMORY}`, `--nproc=${PROCESSES}`, '--core=0', '--'],
    ...['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'],
    ...['--reuid', String(uid), '--regid', String(uid), '--clear-groups'],
    ...[`--bounding-set=${caps}`, `--inh-caps=${caps}`, `--ambient-caps=${caps}`],
    ...((await hasLandlock()) ? ['--landlock-access', 'fs', ...rules] : []),
  ];
}

/** Landlock still decides which files the capabilities reach, and refuses mounts. */
function capsFor({ fd, reads }: Pick<Walls, 'fd' | 'reads'>): string {
  // Overlays keep their marks of deleted files where only an administrator reads them (trusted.*).
  if (reads !== undefined) return '-all,+dac_read_search,+sys_admin';
  // The file is the user's, who may have kept it from others.
  return fd?.isWritten === false ? '-all,+dac_read_search' : '-all';
}

let landlock: Promise<boolean> | undefined;

/** Resolves with false for a kernel without Landlock, and for setpriv before util-linux 2.41. */
function hasLandlock(): Promise<boolean> {
  return (landlock ??= new Promise((resolve) => {
    const words = ['--landlock-access', 'fs', '--landlock-rule', `path-beneath:${LIBRARIES[0]}`];
    const child = spawn('setpriv', ['--no-new-privs', ...words, '--', 'true'], { stdio: 'ignore' });
    child.once('error', () => {
      landlock = undefined;
      resolve(false);
    });
    child.once('close', (status) => {
      resolve(status === 0);
    });
  }));
}
