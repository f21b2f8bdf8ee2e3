// SPDX-License-Identifier: Apache-2.0
// Uses host files with the rights of a caller: a helper process with the caller's user and groups, and no capability, opens them.

import { execFile } from 'node:child_process';
import { lstat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorMessage } from '../base/errors.js';
import { printable } from '../base/text.js';
import { PolicyError } from './rules/errors.js';
import type { Caller } from './rules/caller.js';

/** Time for a file of a slow or hostile file system (FUSE, NFS); the helper is then killed. */
const HELPER_MS = 10_000;
const FILE_BYTES_MAX = 2 ** 20;

/** Resolves with the text of a file of at most 1 MiB, `path` absolute. Rejects with the reason of the helper, in one line. */
export function readAs(
  path: string,
  caller: Pick<Caller, 'uid' | 'gid' | 'groups'>,
  signal?: AbortSignal,
): Promise<string> {
  return run(caller, ['head', '-c', String(FILE_BYTES_MAX + 1), '--', path], signal).then(
    (text) => {
      if (Buffer.byteLength(text) <= FILE_BYTES_MAX) return text;
      throw new Error(`${path} has more than ${FILE_BYTES_MAX} bytes`);
    },
  );
}

/**
 * Rejects with ERR_POLICY_DENIED unless the path is a block device to which the caller has this access, a word of r, w and m, and unless root alone
 * can put another device there: all folders above it are root's, and no symlink is among them.
 */
export async function checkDevice(path: string, access: string, caller: Caller): Promise<void> {
  const problem = await deviceProblem(path, access, caller);
  if (problem === undefined) return;
  throw new PolicyError(
    'ERR_POLICY_DENIED',
    `Cannot use --device ${printable(path, 200)}: ${problem}`,
    { rule: 'default' },
  );
}

async function deviceProblem(
  path: string,
  access: string,
  caller: Caller,
): Promise<string | undefined> {
  try {
    if (!(await lstat(path)).isBlockDevice())
      return 'it is no block device; name the device itself, not a link to it';
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const { uid, mode } = await lstat(folder);
      if (uid !== 0 || (mode & 0o022) !== 0 || (mode & 0o170000) !== 0o040000)
        return `others than root may change ${printable(folder, 200)}`;
      if (folder === '/') break;
    }
    const tests = ['r', 'w'].filter((letter) => access.includes(letter));
    for (const letter of tests) await run(caller, ['test', `-${letter}`, path]);
    return undefined;
  } catch (error) {
    return `you have no such access to it yourself: ${printable(errorMessage(error), 200)}`;
  }
}

function run(
  { uid, gid, groups }: Pick<Caller, 'uid' | 'gid' | 'groups'>,
  words: readonly string[],
  signal?: AbortSignal,
): Promise<string> {
  const args = [
    `--reuid=${uid}`,
    `--regid=${gid}`,
    groups.length > 0 ? `--groups=${groups.join(',')}` : '--clear-groups',
    ...['--no-new-privs', '--inh-caps=-all', '--ambient-caps=-all', '--bounding-set=-all'],
    // A helper outlives no thawd.
    '--pdeathsig=KILL',
    '--',
    ...words,
  ];
  const options = {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    timeout: HELPER_MS,
    killSignal: 'SIGKILL',
    maxBuffer: FILE_BYTES_MAX + 4096,
    ...(signal ? { signal } : {}),
  } as const;
  return new Promise((resolve, reject) => {
    execFile('setpriv', args, options, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = printable(stderr, 300);
      const why = error.killed === true ? `it took more than ${HELPER_MS / 1000} s` : said;
      reject(new Error(why === '' ? 'permission denied' : why, { cause: error }));
    });
  });
}
