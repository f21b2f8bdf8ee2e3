// SPDX-License-Identifier: Apache-2.0
// The command line that engines call a runtime with, as runc and crun have it. Pure.

import { OciError } from './errors.js';

export interface OciCommandLine {
  command: string;
  /** By their long names; what is a flag is 'true'. */
  global: Record<string, string>;
  options: Record<string, string>;
  words: string[];
}

interface Shape {
  /** Long names of options with a value. */
  values: readonly string[];
  flags: readonly string[];
  /** Their one letter. */
  short?: Readonly<Record<string, string>>;
  /** How many words may follow. */
  words: readonly [number, number];
}

const GLOBAL: Shape = {
  values: ['root', 'log', 'log-format', 'log-level', 'cgroup-manager', 'rootless', 'criu'],
  flags: ['systemd-cgroup', 'debug', 'help', 'version'],
  short: { h: 'help', v: 'version' },
  words: [0, 0],
};

const CREATE: Shape = {
  values: ['bundle', 'console-socket', 'pid-file', 'preserve-fds'],
  flags: ['no-pivot', 'no-new-keyring'],
  short: { b: 'bundle' },
  words: [1, 1],
};

export const COMMANDS: Readonly<Record<string, Shape>> = {
  create: CREATE,
  start: { values: [], flags: [], words: [1, 1] },
  state: { values: [], flags: [], words: [1, 1] },
  kill: { values: [], flags: ['all'], short: { a: 'all' }, words: [1, 2] },
  delete: { values: [], flags: ['force'], short: { f: 'force' }, words: [1, 1] },
  list: { values: ['format'], flags: ['quiet'], short: { f: 'format', q: 'quiet' }, words: [0, 0] },
};

/** `argv` without the program's name. Throws ERR_USAGE, naming what is wrong. */
export function parseCommandLine(argv: readonly string[]): OciCommandLine {
  const rest = [...argv];
  const global = takeOptions(rest, GLOBAL, 'thaw-oci', true);
  const command = rest.shift() ?? (global['version'] ? 'version' : 'help');
  if (command === 'version' || command === 'help')
    return { command, global, options: {}, words: [] };
  const shape = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (!shape)
    throw usage(`Unknown command "${command}": ${Object.keys(COMMANDS).join(', ')} are known`);
  const options = takeOptions(rest, shape, `thaw-oci ${command}`, false);
  const [least, most] = shape.words;
  if (rest.length < least || rest.length > most)
    throw usage(
      `thaw-oci ${command} takes ${least === most ? least : `${least} to ${most}`} words, not ${rest.length}`,
    );
  return { command, global, options, words: rest };
}

/** Takes options out of `words`; with `stops` none behind the first word that is not one. */
function takeOptions(
  words: string[],
  { values, flags, short = {} }: Shape,
  where: string,
  stops: boolean,
): Record<string, string> {
  const found: Record<string, string> = {};
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
    } else if (values.includes(name)) {
      const value = inline ?? words.shift();
      if (value === undefined) throw usage(`${where}: --${name} wants a value`);
      found[name] = value;
    } else throw usage(`${where}: unknown option ${word}`);
  }
  words.push(...others);
  return found;
}

function split(text: string): [string, string | undefined] {
  const at = text.indexOf('=');
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function usage(text: string): OciError {
  return new OciError('ERR_USAGE', text);
}
