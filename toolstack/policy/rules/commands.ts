// SPDX-License-Identifier: Apache-2.0
// The rights of every command, and the use of each option's value. A command or option that is missing here is root's alone.

import { matches } from './pattern.js';

/**
 * `default`: a rule without `verbs` allows it. `named`: only a rule that names it does. `root`: no rule can give it to another user, because it
 * acts on what all users share, or has thawd read and write host files.
 */
export type Right = 'default' | 'named' | 'root';

export interface CommandRights {
  right: Right;
  /** Options whose values name no host path, or are facts that the engine's guard checks. */
  plain: string;
  /** Options whose values are host files that thawd reads with the caller's rights. */
  reads?: string;
  /** Options by which thawd opens host paths with its own rights: root's alone. */
  host?: string;
}

const STREAMS = 'detach detach-keys interactive tty env workdir user';
const CREATE = [
  'rm interactive name pod tty env workdir user entrypoint cpus type pull tls-verify hostname volume mount device',
  'network network-alias publish ip ip6 mac-address memory storage-opt frozen template label restart stop-signal',
  'stop-timeout health-cmd health-interval health-timeout health-retries health-start-period cap-add cap-drop',
  'init read-only tmpfs ulimit pids-limit add-host dns dns-search dns-option',
].join(' ');
const CREATE_READS = 'env-file security-opt';
const CREATE_HOST = 'authfile cidfile';
const POD_CREATE =
  'name hostname network network-alias publish ip ip6 mac-address add-host dns dns-search dns-option memory cpus type share exit-policy label';
const LISTING = 'all filter quiet no-trunc digests noheading json format';

const all = (right: Right, plain = '', more: Omit<CommandRights, 'right' | 'plain'> = {}) => ({
  right,
  plain,
  ...more,
});

const IMAGES: Record<string, CommandRights> = {
  pull: all('default', 'tls-verify quiet', { host: 'authfile' }),
  push: all('root', 'tls-verify quiet', { host: 'authfile' }),
  tag: all('root'),
  untag: all('root'),
  save: all('named', 'format quiet', { host: 'output' }),
  load: all('root', 'quiet', { host: 'input' }),
  history: all('default', 'quiet no-trunc format'),
};

export const COMMAND_RIGHTS: Readonly<Record<string, CommandRights>> = {
  run: all('default', `detach detach-keys ${CREATE}`, { reads: CREATE_READS, host: CREATE_HOST }),
  create: all('default', CREATE, { reads: CREATE_READS, host: CREATE_HOST }),
  start: all('default', 'detach-keys attach interactive all'),
  stop: all('default', 'all time ignore'),
  restart: all('default', 'all time'),
  kill: all('default', 'signal all'),
  pause: all('default', 'all'),
  unpause: all('default', 'all'),
  wait: all('default'),
  rm: all('default', 'all force ignore volumes time'),
  prune: all('default'),
  rename: all('default'),
  update: all('default', 'memory cpus pids-limit restart'),
  exec: all('default', STREAMS),
  attach: all('default', 'detach-keys no-stdin'),
  // The guard refuses the ends of a copy that are host paths.
  cp: all('default', 'archive overwrite'),
  diff: all('default', 'format'),
  export: all('default', '', { host: 'output' }),
  commit: all('root', 'author change pause quiet message'),
  ps: all('default', 'all filter last latest pod quiet no-trunc json format'),
  logs: all('default', 'follow tail since until timestamps'),
  top: all('default', 'format'),
  stats: all('default', 'no-stream no-reset interval format'),
  inspect: all('default', 'format type'),
  events: all('default', 'since until no-follow filter format'),
  port: all('default'),
  'healthcheck run': all('default'),
  clone: all('default', 'count name rm'),
  checkpoint: all('root', 'leave-running', { host: 'export' }),
  restore: all('root', 'name publish', { host: 'import' }),
  'container checkpoint': all('root', 'leave-running', { host: 'export' }),
  'container restore': all('root', 'name publish', { host: 'import' }),
  freeze: all('root', 'name after tty env workdir user entrypoint cpus type pull tls-verify', {
    host: 'authfile',
  }),
  unfreeze: all('root'),
  templates: all('default', 'quiet json format'),
  'pod create': all('default', POD_CREATE),
  'pod ps': all('default', 'filter quiet no-trunc format'),
  'pod inspect': all('default', 'format'),
  'pod start': all('default', 'all'),
  'pod stop': all('default', 'all time'),
  'pod restart': all('default', 'all time'),
  'pod kill': all('default', 'all signal'),
  'pod pause': all('default', 'all'),
  'pod unpause': all('default', 'all'),
  'pod rm': all('default', 'all force ignore time'),
  'pod prune': all('default'),
  'pod exists': all('default'),
  'network create': all('root', 'subnet gateway ipv6 internal disable-dns host-port label', {
    host: 'cni',
  }),
  'network ls': all('default', 'quiet format'),
  'network inspect': all('default', 'format'),
  'network rm': all('root'),
  'network prune': all('root'),
  'volume create': all('default', 'opt label'),
  'volume ls': all('default', 'quiet format'),
  'volume inspect': all('default', 'format'),
  'volume rm': all('default', 'force'),
  'volume prune': all('default', 'force'),
  images: all('default', LISTING),
  rmi: all('root', 'all force ignore'),
  'image ls': all('default', LISTING),
  'image rm': all('root', 'all force ignore'),
  'image inspect': all('default', 'format'),
  'image exists': all('default'),
  'image prune': all('root', 'all force'),
  ...IMAGES,
  ...Object.fromEntries(Object.entries(IMAGES).map(([name, one]) => [`image ${name}`, one])),
  info: all('default', 'json format'),
  version: all('default', 'format'),
  'system df': all('root', 'format'),
  'system prune': all('root', 'all volumes force'),
  config: all('default'),
  doctor: all('root', 'json'),
  completion: all('default'),
  'policy check': all('default', 'user'),
  'policy reload': all('root'),
};

export function rightOf(command: string): Right {
  return Object.hasOwn(COMMAND_RIGHTS, command)
    ? (COMMAND_RIGHTS[command]?.right ?? 'root')
    : 'root';
}

/** Returns the use of an option's values; undefined for an option that is not in the table. */
export function useOf(command: string, option: string): 'plain' | 'reads' | 'host' | undefined {
  const rights = Object.hasOwn(COMMAND_RIGHTS, command) ? COMMAND_RIGHTS[command] : undefined;
  const has = (list = ''): boolean => list.split(' ').includes(option);
  if (!rights) return undefined;
  if (has(rights.host)) return 'host';
  if (has(rights.reads)) return 'reads';
  return has(rights.plain) ? 'plain' : undefined;
}

/** Returns the shorter name of a command that has two: `images` for `image ls`. Rules name the shorter one. */
export function verbOf(command: string): string {
  const [noun, verb = ''] = command.split(' ');
  if (command === 'image ls') return 'images';
  if (command === 'image rm') return 'rmi';
  if (noun === 'image' && Object.hasOwn(IMAGES, verb)) return verb;
  return noun === 'container' ? verb : command;
}

/** Returns the reason why a pattern of `verbs` can allow nothing; undefined where it can. `isForRoot` is true for a rule about root alone. */
export function verbProblem(pattern: string, isForRoot: boolean): string | undefined {
  const found = Object.keys(COMMAND_RIGHTS).filter((command) => matches(pattern, verbOf(command)));
  if (found.length === 0) return 'is no command; thaw --help lists them by their shorter names';
  if (isForRoot || found.some((command) => rightOf(command) !== 'root')) return undefined;
  return "is root's alone: it reaches all users or host files; see docs/policy.md";
}
