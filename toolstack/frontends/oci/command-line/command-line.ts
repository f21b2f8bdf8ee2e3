// SPDX-License-Identifier: Apache-2.0
// Parses the command line that container engines call a runtime with, as runc and crun define it. Pure.

import { OciError } from '../errors.js';

export interface OciCommandLine {
  command: string;
  /** Global options by their long names; a flag has the value 'true'. */
  global: Record<string, string>;
  options: Record<string, string>;
  /** Options that may occur more than once. */
  lists: Record<string, string[]>;
  words: string[];
}

interface Shape {
  /** Long names of options with a value. */
  values: readonly string[];
  flags: readonly string[];
  /** Options with a value that may occur more than once. */
  lists?: readonly string[];
  /** Long names by their one letter. */
  short?: Readonly<Record<string, string>>;
  /** The least and the greatest number of words that may follow. */
  words: readonly [number, number];
  /** True where options end at the first word: that word and all behind it belong to another program. */
  stops?: boolean;
}

const GLOBAL: Shape = {
  values: ['root', 'log', 'log-format', 'log-level', 'cgroup-manager', 'rootless', 'criu'],
  flags: ['systemd-cgroup', 'network-spoof', 'debug', 'help', 'version'],
  short: { h: 'help', v: 'version' },
  words: [0, 0],
  stops: true,
};

const CREATE: Shape = {
  values: ['bundle', 'console-socket', 'pid-file', 'preserve-fds'],
  flags: ['no-pivot', 'no-new-keyring'],
  short: { b: 'bundle' },
  words: [1, 1],
};

const RUN: Shape = {
  ...CREATE,
  flags: [...CREATE.flags, 'detach', 'keep', 'no-subreaper'],
  short: { b: 'bundle', d: 'detach' },
};

const EXEC: Shape = {
  values: [
    ...['process', 'console-socket', 'pid-file', 'cwd', 'user', 'preserve-fds'],
    ...['apparmor', 'process-label', 'cgroup'],
  ],
  flags: ['detach', 'tty', 'no-new-privs', 'no-subreaper', 'ignore-paused'],
  lists: ['env', 'cap', 'additional-gids'],
  short: {
    p: 'process',
    u: 'user',
    e: 'env',
    c: 'cap',
    g: 'additional-gids',
    d: 'detach',
    t: 'tty',
  },
  words: [1, Infinity],
  stops: true,
};

const UPDATE: Shape = {
  values: [
    ...['resources', 'memory', 'cpu-quota', 'cpu-period', 'pids-limit'],
    // These options divide one kernel among containers. They mean nothing to a container that has a kernel to itself.
    ...['blkio-weight', 'cpu-share', 'cpu-burst', 'cpu-rt-period', 'cpu-rt-runtime', 'cpuset-cpus'],
    ...['cpuset-mems', 'cpu-idle', 'kernel-memory', 'kernel-memory-tcp', 'memory-reservation'],
    ...['memory-swap', 'l3-cache-schema', 'mem-bw-schema'],
  ],
  flags: [],
  short: { r: 'resources' },
  words: [1, 1],
};

/** Options for CRIU. thaw uses image-path alone: checkpoints behave as the rest ask in any case, or the rest do not apply to them. */
const CRIU_VALUES = ['image-path', 'work-path', 'status-fd', 'manage-cgroups-mode', 'empty-ns'];
const CRIU_FLAGS = [
  'tcp-established',
  'ext-unix-sk',
  'shell-job',
  'file-locks',
  'auto-dedup',
  'link-remap',
];

export const COMMANDS: Readonly<Record<string, Shape>> = {
  create: CREATE,
  run: RUN,
  exec: EXEC,
  start: { values: [], flags: [], words: [1, 1] },
  state: { values: [], flags: [], words: [1, 1] },
  kill: { values: [], flags: ['all'], short: { a: 'all' }, words: [1, 2] },
  delete: { values: [], flags: ['force'], short: { f: 'force' }, words: [1, 1] },
  checkpoint: {
    values: CRIU_VALUES,
    flags: ['leave-running', 'tcp-skip-in-flight', ...CRIU_FLAGS],
    words: [1, 1],
  },
  restore: {
    values: [...CREATE.values, ...CRIU_VALUES, 'lsm-profile', 'lsm-mount-context'],
    flags: [...RUN.flags, ...CRIU_FLAGS],
    short: RUN.short ?? {},
    words: [1, 1],
  },
  pause: { values: [], flags: [], words: [1, 1] },
  resume: { values: [], flags: [], words: [1, 1] },
  ps: { values: ['format'], flags: [], short: { f: 'format' }, words: [1, Infinity], stops: true },
  events: { values: ['interval'], flags: ['stats'], words: [1, 1] },
  update: UPDATE,
  features: { values: [], flags: [], words: [0, 0] },
  spec: { values: ['bundle'], flags: ['rootless'], short: { b: 'bundle' }, words: [0, 0] },
  list: { values: ['format'], flags: ['quiet'], short: { f: 'format', q: 'quiet' }, words: [0, 0] },
};

/** Parses `argv` without the program's name. Throws ERR_USAGE, naming the wrong word. */
export function parseCommandLine(argv: readonly string[]): OciCommandLine {
  const rest = [...argv];
  const { options: global } = takeOptions(rest, GLOBAL, 'thaw-oci');
  const command = rest.shift() ?? (global['version'] ? 'version' : 'help');
  if (command === 'version' || command === 'help')
    return { command, global, options: {}, lists: {}, words: [] };
  const shape = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!shape)
    throw usage(`Unknown command "${command}": ${Object.keys(COMMANDS).join(', ')} are known`);
  const withHelp = { ...shape, flags: [...shape.flags, 'help'] };
  const taken = takeOptions(rest, withHelp, `thaw-oci ${command}`);
  // podman learns from the exit status whether the runtime has this command.
  if (taken.options['help'] !== undefined)
    return { command: 'help', global, options: {}, lists: {}, words: [command] };
  const [least, most] = shape.words;
  if (rest.length < least || rest.length > most)
    throw usage(`thaw-oci ${command} takes ${wordCount(least, most)} words, not ${rest.length}`);
  // A program that counts on a passed file descriptor (LISTEN_FDS, a ready pipe) would wait for it for ever.
  const preserved = taken.options['preserve-fds'] ?? '0';
  if (preserved !== '0')
    throw usage(
      `thaw-oci ${command}: --preserve-fds ${preserved}: descriptors of the host do not reach a guest; only 0 is allowed`,
    );
  return { command, global, ...taken, words: rest };
}

/** Returns a line for each of a command's options. Pure. */
export function usageOf(command: string): string {
  const { values, flags, lists = [] } = COMMANDS[command] ?? GLOBAL;
  const lines = [
    ...[...values, ...lists].map((name) => `--${name} VALUE`),
    ...flags.map((name) => `--${name}`),
  ];
  return lines
    .sort()
    .map((line) => `  ${line}\n`)
    .join('');
}

function wordCount(least: number, most: number): string {
  if (most === Infinity) return `${least} or more`;
  return least === most ? String(least) : `${least} to ${most}`;
}

/** Removes the options from `words` and returns them. */
function takeOptions(
  words: string[],
  { values, flags, lists = [], short = {}, stops }: Shape,
  where: string,
): Pick<OciCommandLine, 'options' | 'lists'> {
  const found: Record<string, string> = {};
  const many: Record<string, string[]> = {};
  const others: string[] = [];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      others.push(...words.splice(0));
      break;
    }
    if (!word.startsWith('-') || word === '-') {
      others.push(word);
      if (!stops) continue;
      others.push(...words.splice(0));
      break;
    }
    const [given = '', inline] = split(word.replace(/^--?/, ''));
    const name = word.startsWith('--') ? given : (short[given] ?? given);
    if (flags.includes(name)) {
      if (inline !== 'false') found[name] = 'true';
    } else if (values.includes(name) || lists.includes(name)) {
      const value = inline ?? words.shift();
      if (value === undefined) throw usage(`${where}: --${name} wants a value`);
      if (values.includes(name)) found[name] = value;
      else (many[name] ??= []).push(value);
    } else throw usage(`${where}: unknown option ${word}`);
  }
  words.push(...others);
  return { options: found, lists: many };
}

function split(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function usage(text: string): OciError {
  return new OciError('ERR_USAGE', text);
}
