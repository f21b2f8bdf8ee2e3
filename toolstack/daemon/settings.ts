// SPDX-License-Identifier: Apache-2.0
// thawd's settings from its command line and its configuration file: paths, pool, log.

import { isIP } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readConfig } from '../cli/options/config-file.js';
import { optionRows, parseOptions, stringOption } from '../cli/options/options.js';
import type { OptionTable } from '../cli/options/table.js';
import {
  CONFIG_PATH,
  THAWD_DEFAULTS,
  THAWD_OPTIONS,
  type ThawdOption,
} from '../cli/options/thawd.js';
import { UsageError } from '../cli/options/usage-error.js';
import { parseBytes } from '../base/text.js';
import { parseReserve, type ReserveSetting } from '../disk/index.js';
import { DISK_BYTES_MIN } from '../sandbox/devices/disks.js';
import type { PoolSettings } from '../sandbox/pool/pool.js';
import type { GuestType } from '../xen/host.js';
import type { Paths } from '../base/paths.js';

export interface Settings {
  paths: Paths;
  logLevel: string;
  /** Deadline for the hello of a booting guest, in milliseconds. */
  helloMs: number;
  /** Default type of domains; undefined for the best that the host has. */
  type?: GuestType | undefined;
  pool: PoolSettings;
  /** Type of the clones in the pool; undefined for the default type. */
  poolType?: GuestType | undefined;
  /** True where images keep their layers as they were pulled. */
  keepsBlobs: boolean;
  /** Default capacity of a writable layer. */
  storageBytes: number;
  /** Space that stays free on the disks. */
  diskReserve: ReserveSetting;
  /** Folders with CNI plugins. */
  cniPath: string[];
  /** The policy file. */
  policy: string;
  /** The audit log; '' for none. */
  auditLog: string;
  /** Address of /metrics. */
  metrics?: { host: string; port: number } | undefined;
}

function defaults(): Partial<Record<ThawdOption, string>> {
  const lib = fileURLToPath(new URL('../../..', import.meta.url));
  const own = { guest: join(lib, 'guest'), shim: join(lib, 'bin/thaw-shim') };
  return { ...THAWD_DEFAULTS, ...own };
}

/** Reads thawd's command line and configuration file; undefined where the user asks for help. Throws UsageError. */
export function parseSettings(words: string[]): Settings | undefined {
  const parsed = parseOptions('thawd', THAWD_OPTIONS, words);
  if (parsed.asksForHelp) return undefined;
  const [stray] = parsed.positional;
  if (stray !== undefined) throw refusal(stray, 'options alone');
  const named = stringOption(parsed, 'config');
  const path = named ?? CONFIG_PATH;
  const names = Object.keys(THAWD_OPTIONS).filter((name) => name !== 'config');
  const ofFile = readConfig(path, names, named !== undefined);
  const byDefault = defaults();
  const given = (name: ThawdOption): Given => {
    const option = stringOption(parsed, name);
    if (option !== undefined) return { text: option, from: `--${name} ${option}` };
    const text = ofFile[name];
    if (text !== undefined) return { text, from: `${name} = ${text} in ${path}` };
    return { text: byDefault[name] ?? '', from: `--${name}` };
  };
  const metrics = given('metrics');
  const run = given('run').text;
  return {
    paths: {
      state: given('state').text,
      run,
      guest: given('guest').text,
      shim: given('shim').text,
      socket: given('socket').text || process.env['THAW_SOCKET'] || join(run, 'thawd.sock'),
    },
    logLevel: oneOf(given('log-level'), ['error', 'warn', 'info', 'debug']),
    helloMs: whole(given('hello-timeout'), HELLO_LIMIT_S) * 1000,
    pool: { min: whole(given('pool'), POOL_LIMIT), max: whole(given('pool-max'), POOL_LIMIT) },
    keepsBlobs: oneOf(given('keep-blobs'), ['true', 'false']) === 'true',
    type: guestType(given('type')),
    poolType: guestType(given('pool-type')),
    storageBytes: size(given('storage-size')),
    diskReserve: reserve(given('disk-reserve')),
    cniPath: folders(given('cni-path')),
    policy: absolute(given('policy')),
    auditLog: given('audit-log').text === '' ? '' : absolute(given('audit-log')),
    metrics: metrics.text === '' ? undefined : addressOf(metrics),
  };
}

/** A value and its origin, for messages. */
interface Given {
  text: string;
  from: string;
}

/** The text of `thawd --help`. */
export function settingsHelp(): string {
  const byDefault: Record<string, string | undefined> = defaults();
  const table = Object.entries(THAWD_OPTIONS).map(
    ([name, option]): [string, OptionTable[string]] => {
      const value = byDefault[name];
      const describe = option.describe + (value === undefined ? '' : ` (default ${value})`);
      return [name, { ...option, describe }];
    },
  );
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

function guestType(given: Given): GuestType | undefined {
  return given.text === '' ? undefined : oneOf<GuestType>(given, ['pv', 'pvh']);
}

function whole({ text, from }: Given, most: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) <= most) return Number(text);
  throw refusal(from, `0 to ${most}`);
}

function size({ text, from }: Given): number {
  const bytes = /^\d/.test(text) ? parseBytes(from, text) : 0;
  if (bytes >= DISK_BYTES_MIN && bytes <= STORAGE_LIMIT) return bytes;
  throw refusal(from, '32m to 16t');
}

function reserve({ text, from }: Given): ReserveSetting {
  try {
    return parseReserve(from, text);
  } catch {
    throw refusal(from, 'a size such as 2g, a share of up to 50%, or 0');
  }
}

function folders({ text, from }: Given): string[] {
  const found = text.split(':');
  if (found.every((folder) => folder.startsWith('/'))) return found;
  throw refusal(from, 'absolute paths with ":" between them');
}

function absolute({ text, from }: Given): string {
  if (text.startsWith('/')) return text;
  throw refusal(from, 'absolute paths');
}

function oneOf<T extends string>({ text, from }: Given, allowed: readonly T[]): T {
  const found = allowed.find((value) => value === text);
  if (found !== undefined) return found;
  throw refusal(from, allowed.join(', '));
}

/** ADDRESS:PORT, an IPv6 address in brackets. */
function addressOf({ text, from }: Given): { host: string; port: number } {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare) === 0 || Number(port) < 1 || Number(port) > 65_535)
    throw refusal(from, 'ADDRESS:PORT such as 127.0.0.1:9120');
  return { host: bare, port: Number(port) };
}

function refusal(what: string, allowed: string): UsageError {
  return new UsageError(`Cannot use ${what}: ${allowed} are allowed; see thawd --help`);
}

const POOL_LIMIT = 1000;
const STORAGE_LIMIT = 16 * 2 ** 40;
const HELLO_LIMIT_S = 86_400;
