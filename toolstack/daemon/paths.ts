// SPDX-License-Identifier: Apache-2.0
// Where thawd finds and keeps things; every place can be set by an option.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import yargs from 'yargs';
import type { PoolSettings } from '../sandbox/pool.js';
import type { GuestType } from '../xen/host.js';

export interface Paths {
  /** Containers, images and templates; lasts. */
  state: string;
  /** Sockets and what else does not outlive a reboot. */
  run: string;
  socket: string;
  /** vmlinux, initrd and cmdline. */
  guest: string;
  shim: string;
}

export interface Settings {
  paths: Paths;
  logLevel: string;
  /** How long a booting guest may take until its agent says hello, in milliseconds. */
  helloMs: number;
  pool: PoolSettings;
  /** Of which type clones wait that nobody asked for yet; undefined: of the host's default type. */
  poolType?: GuestType | undefined;
}

/** Reads thawd's own command line. Exits with help or a usage error as yargs does. */
export function parseSettings(words: string[]): Settings {
  const lib = fileURLToPath(new URL('../../..', import.meta.url));
  const options = yargs(words)
    .scriptName('thawd')
    .usage('$0 [OPTION...]\n\nThe daemon that thaw asks. Run as root in dom0.')
    .options({
      state: {
        type: 'string',
        default: '/var/lib/thaw',
        describe: 'Folder for containers, images, templates',
      },
      run: { type: 'string', default: '/run/thaw', describe: 'Folder for sockets' },
      socket: { type: 'string', describe: 'Socket for thaw (default RUN/thawd.sock)' },
      guest: {
        type: 'string',
        default: join(lib, 'guest'),
        describe: 'Folder with vmlinux, initrd, cmdline',
      },
      shim: { type: 'string', default: join(lib, 'bin/thaw-shim'), describe: 'Program thaw-shim' },
      'hello-timeout': {
        type: 'number',
        default: 60,
        describe: 'Seconds until a booting guest must have said hello',
      },
      pool: {
        type: 'number',
        default: 2,
        describe: 'How many clones wait, ready for the next containers',
      },
      'pool-max': {
        type: 'number',
        default: 16,
        describe: 'How many wait at most when many containers start; 0 for no pool',
      },
      'pool-type': {
        choices: ['pv', 'pvh'] as const,
        describe: "Of which type they are (default: the host's)",
      },
      'log-level': {
        choices: ['error', 'warn', 'info', 'debug'] as const,
        default: 'info' as const,
      },
    })
    .check(checkNumbers)
    .strict()
    .parseSync();
  const { state, run, guest, shim } = options;
  const socket = options.socket ?? process.env['THAW_SOCKET'] ?? join(run, 'thawd.sock');
  return {
    paths: { state, run, socket, guest, shim },
    logLevel: options['log-level'],
    helloMs: options['hello-timeout'] * 1000,
    pool: { min: options.pool, max: options['pool-max'] },
    poolType: options['pool-type'],
  };
}

/** Throws when an option's number makes no sense. */
function checkNumbers(options: Record<string, unknown>): true {
  for (const name of ['pool', 'pool-max']) {
    const value = options[name];
    if (!Number.isInteger(value) || Number(value) < 0 || Number(value) > POOL_LIMIT)
      throw new Error(`Cannot use --${name} ${String(value)}: 0 to ${POOL_LIMIT} are allowed`);
  }
  return true;
}

const POOL_LIMIT = 1000;
