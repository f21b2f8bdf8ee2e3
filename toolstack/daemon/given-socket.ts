// SPDX-License-Identifier: Apache-2.0
// Socket activation: takes the socket that systemd holds for thawd. Clients that connect before thawd is ready wait in its queue.

import { fstatSync, type Stats } from 'node:fs';
import { lstat, readFile } from 'node:fs/promises';
import { ThawError } from '../base/errors.js';

/** The first descriptor that systemd hands over: sd_listen_fds(3). */
const FIRST_FD = 3;
/** A listening stream socket in /proc/net/unix. */
const STREAM = '0001';
const ACCEPTS = 0x10000;

/**
 * Removes systemd's variables from the environment, so that no child takes them for its own. Returns the number of descriptors from
 * FIRST_FD on; 0 where there are none, or where they are meant for another process.
 */
export function takeListenVariables(env: NodeJS.ProcessEnv, pid: number): number {
  const { LISTEN_PID: forPid, LISTEN_FDS: count } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES'])
    Reflect.deleteProperty(env, name);
  return forPid === String(pid) ? Number(count ?? 0) : 0;
}

/**
 * Resolves with the descriptor of thawd's socket, where systemd gave one. Rejects with ERR_GIVEN_SOCKET where it is not the socket at
 * `path`, or where others than its owner and group may connect; with ERR_THAWD_RUNNING where another process listens there too.
 */
export async function givenSocket(path: string): Promise<number | undefined> {
  const count = takeListenVariables(process.env, process.pid);
  if (count === 0) return undefined;
  if (count !== 1) throw unfit(path, `it gave ${count} descriptors`);
  await checkGivenSocket(FIRST_FD, path);
  return FIRST_FD;
}

/** Rejects unless the descriptor is the one socket that listens at the path, and for its owner and group alone. */
export async function checkGivenSocket(fd: number, path: string): Promise<void> {
  const { ino } = statDescriptor(fd, path);
  const listening = parseUnixSockets(await readFile('/proc/net/unix', 'utf8')).filter(
    (socket) => socket.type === STREAM && (socket.flags & ACCEPTS) !== 0,
  );
  const own = listening.find((socket) => socket.inode === ino);
  if (!own) throw unfit(path, 'what it gave is no stream socket that listens');
  if (own.path !== path) throw unfit(path, `what it gave listens at ${own.path || 'no path'}`);
  if (listening.some((socket) => socket.path === path && socket !== own))
    throw new ThawError('ERR_THAWD_RUNNING', `Another thawd serves ${path}: end it first`);
  const file = await lstat(path).catch((cause: unknown) => {
    throw unfit(path, 'it is gone from there', cause);
  });
  if (!file.isSocket()) throw unfit(path, 'no socket is there any more');
  if (file.uid !== process.geteuid?.()) throw unfit(path, `it belongs to user ${file.uid}`);
  const mode = file.mode & 0o777;
  if ((mode & 0o007) !== 0) throw unfit(path, `its mode ${mode.toString(8)} lets everybody in`);
}

function statDescriptor(fd: number, path: string): Stats {
  try {
    return fstatSync(fd);
  } catch (cause) {
    throw unfit(path, `descriptor ${fd} is closed`, cause);
  }
}

function unfit(path: string, why: string, cause?: unknown): ThawError {
  return new ThawError(
    'ERR_GIVEN_SOCKET',
    `Cannot serve the socket that systemd gave, for ${path}: ${why}; see systemctl cat thawd.socket`,
    { cause },
  );
}

interface UnixSocket {
  flags: number;
  type: string;
  inode: number;
  /** Empty for a socket without a name. */
  path: string;
}

/** /proc/net/unix, less its heading: Num RefCount Protocol Flags Type St Inode [Path], the path as it is. */
export function parseUnixSockets(text: string): UnixSocket[] {
  return text
    .split('\n')
    .map((line) => /^\S+: \S+ \S+ (\S+) (\S+) \S+ +(\d+)(?: (.*))?$/.exec(line))
    .filter((match) => match !== null)
    .map(([, flags = '', type = '', inode = '', path = '']) => ({
      flags: parseInt(flags, 16),
      type,
      inode: Number(inode),
      path,
    }));
}
