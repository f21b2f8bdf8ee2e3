// SPDX-License-Identifier: Apache-2.0
// What thawd is told on its command line: where it finds and keeps things, its pool, its log.

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { optionRows, parseOptions, stringOption, type OptionTable } from '../cli/options.js';
import { UsageError } from '../cli/usage-error.js';
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

const OPTIONS = {
  state: { type: 'string', describe: 'Folder for containers, images, templates' },
  run: { type: 'string', describe: 'Folder for sockets' },
  socket: { type: 'string', describe: 'Socket for thaw (default RUN/thawd.sock)' },
  guest: { type: 'string', describe: 'Folder with vmlinux, initrd, cmdline' },
  shim: { type: 'string', describe: 'Program thaw-shim' },
  'hello-timeout': {
    type: 'string',
    describe: 'Seconds until a booting guest must have said hello',
  },
  pool: { type: 'string', describe: 'How many clones wait, ready for the next containers' },
  'pool-max': {
    type: 'string',
    describe: 'How many wait at most when many containers start; 0 for no pool',
  },
  'pool-type': { type: 'string', describe: "Of which type they are (default: the host's)" },
  'log-level': { type: 'string', describe: 'error, warn, info or debug' },
} as const satisfies OptionTable;

type Name = keyof typeof OPTIONS;

function defaults(): Partial<Record<Name, string>> {
  const lib = fileURLToPath(new URL('../../..', import.meta.url));
  return {
    ...{ state: '/var/lib/thaw', run: '/run/thaw' },
    ...{ guest: join(lib, 'guest'), shim: join(lib, 'bin/thaw-shim') },
    ...{ 'hello-timeout': '60', pool: '2', 'pool-max': '16', 'log-level': 'info' },
  };
}

/** Reads thawd's own command line; undefined when it asks for help. Throws UsageError. */
export function parseSettings(words: string[]): Settings | undefined {
  const parsed = parseOptions('thawd', OPTIONS, words);
  if (parsed.asksForHelp) return undefined;
  const [stray] = parsed.positional;
  if (stray !== undefined) throw refusal(stray, 'options alone');
  const byDefault = defaults();
  const given = (name: Name) => stringOption(parsed, name) ?? byDefault[name] ?? '';
  const poolType = given('pool-type');
  const run = given('run');
  return {
    paths: {
      ...{ state: given('state'), run, guest: given('guest'), shim: given('shim') },
      socket: given('socket') || process.env['THAW_SOCKET'] || join(run, 'thawd.sock'),
    },
    logLevel: oneOf('log-level', given('log-level'), ['error', 'warn', 'info', 'debug']),
    helloMs: whole('hello-timeout', given('hello-timeout'), HELLO_LIMIT_S) * 1000,
    pool: {
      min: whole('pool', given('pool'), POOL_LIMIT),
      max: whole('pool-max', given('pool-max'), POOL_LIMIT),
    },
    poolType: poolType === '' ? undefined : oneOf<GuestType>('pool-type', poolType, ['pv', 'pvh']),
  };
}

/** What `thawd --help` prints. */
export function settingsHelp(): string {
  const byDefault: Record<string, string | undefined> = defaults();
  const table = Object.entries(OPTIONS).map(([name, option]): [string, OptionTable[string]] => {
    const value = byDefault[name];
    const describe = option.describe + (value === undefined ? '' : ` (default ${value})`);
    return [name, { ...option, describe }];
  });
  return [
    'Usage: thawd [OPTION...]',
    '',
    'The daemon that thaw asks. Run as root in dom0.',
    '',
    'Options:',
    ...optionRows(Object.fromEntries(table)),
    '',
    'thawd --version prints its version.',
    '',
  ].join('\n');
}

function whole(name: Name, text: string, most: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text);
  throw refusal(`--${name} ${text}`, `0 to ${most}`);
}

function oneOf<T extends string>(name: Name, text: string, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found !== undefined) return found;
  throw refusal(`--${name} ${text}`, allowed.join(', '));
}

function refusal(what: string, allowed: string): UsageError {
  return new UsageError(`Cannot use ${what}: ${allowed} are allowed; see thawd --help`);
}

const POOL_LIMIT = 1000;
const HELLO_LIMIT_S = 86_400;
