// SPDX-License-Identifier: Apache-2.0
// Reads the options for the rights of a container's processes, and for their /etc/hosts and /etc/resolv.conf.

import { isIP } from 'node:net';
import type { Client, Confinement } from '../../api/engine.js';
import { errorMessage } from '../../base/errors.js';
import { defined } from '../../base/defined.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../command.js';
import { readClientFile } from './client-file.js';
import { UsageError } from './usage-error.js';
import { nonEmpty, whole } from './values.js';

export const CONFINEMENT_OPTIONS: Command['options'] = {
  'cap-add': {
    type: 'string',
    describe: 'Add a capability, such as NET_ADMIN, or ALL; may be repeated',
  },
  'cap-drop': { type: 'string', describe: 'Drop a capability, or ALL; may be repeated' },
  'security-opt': {
    type: 'string',
    describe: 'no-new-privileges, seccomp=FILE or seccomp=unconfined; may be repeated',
  },
  init: { type: 'boolean', describe: 'Run an init that reaps processes and forwards signals' },
  'read-only': { type: 'boolean', describe: 'Make its root filesystem read-only' },
  tmpfs: {
    type: 'string',
    describe: 'PATH[:OPTIONS] to keep in memory, such as /tmp:size=16m; may be repeated',
  },
  ulimit: {
    type: 'string',
    describe: 'TYPE=SOFT[:HARD], such as nofile=1024:2048; may be repeated',
  },
  'pids-limit': {
    type: 'string',
    describe: 'Most processes, -1 for any number (default 2048)',
  },
  'add-host': { type: 'string', describe: 'NAME:ADDRESS for its /etc/hosts; may be repeated' },
  dns: { type: 'string', describe: 'Address of a name server; may be repeated' },
  'dns-search': {
    type: 'string',
    describe: 'Domain to search for names; may be repeated',
  },
  'dns-option': { type: 'string', describe: 'Option for its /etc/resolv.conf; may be repeated' },
};

/** Throws UsageError. */
export function confinement(parsed: Parsed, client: Client): Confinement {
  return defined({
    ...securityOptions(stringList(parsed, 'security-opt'), client),
    capAdd: nonEmpty(names(parsed, 'cap-add')),
    capDrop: nonEmpty(names(parsed, 'cap-drop')),
    init: flag(parsed, 'init') || undefined,
    readOnly: flag(parsed, 'read-only') || undefined,
    tmpfs: nonEmpty(stringList(parsed, 'tmpfs').map(tmpfs)),
    ulimits: nonEmpty(stringList(parsed, 'ulimit').map(ulimit)),
    pidsLimit: pidsLimit(parsed),
    addHosts: nonEmpty(stringList(parsed, 'add-host').map(addHost)),
    dns: nonEmpty(stringList(parsed, 'dns').map(address)),
    dnsSearch: nonEmpty(resolverWords(parsed, 'dns-search')),
    dnsOptions: nonEmpty(resolverWords(parsed, 'dns-option')),
  });
}

/** Returns the limit of --pids-limit. 0 or less allows any number of processes. Throws UsageError. */
export function pidsLimit(parsed: Parsed): number | undefined {
  return whole('--pids-limit', stringOption(parsed, 'pids-limit'), -1);
}

/** Returns all names of an option. A value may hold several names, as in `A,B`. */
function names(parsed: Parsed, option: string): string[] {
  return stringList(parsed, option).flatMap((value) => value.split(','));
}

function securityOptions(values: string[], client: Client): Confinement {
  const found: Confinement = {};
  for (const value of values) {
    const [, key = '', rest = ''] = /^([a-z-]+)[=:]?(.*)$/s.exec(value) ?? [];
    if (key === 'no-new-privileges' && ['', 'true', 'false'].includes(rest))
      found.noNewPrivileges = rest !== 'false';
    else if (key === 'seccomp' && rest === 'unconfined') delete found.seccomp;
    else if (key === 'seccomp' && rest !== '') found.seccomp = seccompProfile(rest, client);
    else
      throw new UsageError(
        `Cannot use --security-opt ${value}: no-new-privileges, seccomp=FILE, seccomp=unconfined are allowed`,
      );
  }
  return found;
}

/** Reads the seccomp object of an OCI config from a file. crun checks its rules. */
function seccompProfile(path: string, client: Client): object {
  const text = readClientFile('--security-opt seccomp', path, client);
  try {
    const profile: unknown = JSON.parse(text);
    if (typeof profile === 'object' && profile !== null && 'defaultAction' in profile)
      return profile;
  } catch (error) {
    throw new UsageError(`Cannot use --security-opt seccomp=${path}: ${errorMessage(error)}`);
  }
  throw new UsageError(`Cannot use --security-opt seccomp=${path}: it has no defaultAction`);
}

function tmpfs(value: string): { path: string; options: string[] } {
  const [, path = '', options] = /^(\/[^:]*)(?::(.*))?$/s.exec(value) ?? [];
  if (path === '' || path === '/')
    throw new UsageError(
      `Cannot use --tmpfs ${value}: an absolute path below / is wanted, such as /tmp:size=16m`,
    );
  return { path, options: (options ?? '').split(',').filter((option) => option !== '') };
}

const ULIMITS =
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(
    ' ',
  );

function ulimit(value: string): { type: string; soft: number; hard: number } {
  const [, type = '', softText = '', hardText = softText] =
    /^([a-z]+)=(-1|\d{1,15}|unlimited)(?::(-1|\d{1,15}|unlimited))?$/.exec(value) ?? [];
  const [soft, hard] = [limit(softText), limit(hardText)];
  if (!ULIMITS.includes(type) || (hard !== -1 && (soft === -1 || soft > hard)))
    throw new UsageError(
      `Cannot use --ulimit ${value}: TYPE=SOFT[:HARD] is wanted, -1 for unlimited, no SOFT above HARD; TYPE is one of ${ULIMITS.join(', ')}`,
    );
  return { type, soft, hard };
}

function limit(text: string): number {
  return text === 'unlimited' ? -1 : Number(text);
}

function addHost(value: string): { name: string; address: string } {
  const [, name = '', given = ''] = /^([^\s:]+):(.+)$/.exec(value) ?? [];
  const bare = given.replace(/^\[(.*)\]$/, '$1');
  if (name === '' || isIP(bare) === 0)
    throw new UsageError(
      `Cannot use --add-host ${value}: NAME:ADDRESS is wanted, such as db:192.0.2.7`,
    );
  return { name, address: bare };
}

function address(value: string): string {
  if (isIP(value) !== 0) return value;
  throw new UsageError(`Cannot use --dns ${value}: an IPv4 or IPv6 address is wanted`);
}

/** Returns words that fit into a line of resolv.conf. */
function resolverWords(parsed: Parsed, option: string): string[] {
  const words = stringList(parsed, option);
  const wrong = words.find((word) => !/^[\w.:-]+$/.test(word));
  if (wrong === undefined) return words;
  throw new UsageError(`Cannot use --${option} "${wrong}": one word is wanted`);
}
