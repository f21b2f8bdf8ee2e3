// SPDX-License-Identifier: Apache-2.0
// Reads the text of policy.toml as rules.

import { parse, TomlError } from 'smol-toml';
import { errorMessage } from '../../base/errors.js';
import { plain } from '../../base/text.js';
import { isRoot } from './caller.js';
import type { Accounts } from './accounts.js';
import { PolicyError } from './errors.js';
import { limitsOf, listOf, portsOf, tableOf, textOf, truthOf, type Table } from './values.js';
import { PATTERN_KEYS, type PatternKey, type Policy, type Rule } from './rule.js';

export const POLICY_PATH = '/etc/thaw/policy.toml';
/** A longer file is refused. */
export const POLICY_BYTES_MAX = 2 ** 20;
const RULES_MAX = 1000;

const OF_BOTH = ['name', 'users', 'groups', 'labels', 'ports', ...PATTERN_KEYS];
const OF_ALLOW = [
  ...OF_BOTH,
  ...['signed', 'all', 'memory', 'cpus', 'disk', 'containers', 'starts_per_minute'],
];
const TOP = ['socket_group', 'allow', 'deny'];

/** Checks that a rule may name. */
export interface Known {
  accounts: Pick<Accounts, 'uid' | 'gid'>;
  /** Returns the reason why a pattern of `verbs` is wrong; undefined where it is right. */
  verbProblem: (pattern: string, isForRoot: boolean) => string | undefined;
}

/** Throws ERR_POLICY_FILE, which names the file, the line or the rule, the key and the values that are allowed. */
export function readPolicy(path: string, text: string, known: Known): Policy {
  try {
    return policyOf(path, text, known);
  } catch (cause) {
    // The parser's message goes on with an excerpt of the file.
    const [first = ''] = errorMessage(cause).split('\n');
    const where = cause instanceof TomlError ? `line ${cause.line}: ` : '';
    throw new PolicyError('ERR_POLICY_FILE', `Cannot use ${path}: ${where}${plain(first)}`, {
      cause,
    });
  }
}

function policyOf(path: string, text: string, known: Known): Policy {
  if (Buffer.byteLength(text) > POLICY_BYTES_MAX)
    throw new Error(`it has more than ${POLICY_BYTES_MAX} bytes`);
  const table: Table = parse(text);
  checkKeys('the file', table, TOP);
  const rules = [...rulesOf('allow', table, text, known), ...rulesOf('deny', table, text, known)];
  if (rules.length > RULES_MAX) throw new Error(`it has more than ${RULES_MAX} rules`);
  const group = textOf('socket_group', table['socket_group']);
  if (group === undefined) return { path, rules };
  return { path, rules, socketGroup: socketGroupOf(group, known) };
}

function socketGroupOf(group: string, { accounts }: Known): number {
  return idOf('socket_group', 'group', group, (name) => accounts.gid(name));
}

function rulesOf(effect: Rule['effect'], table: Table, text: string, known: Known): Rule[] {
  const found = table[effect];
  if (found === undefined) return [];
  if (!Array.isArray(found)) throw new Error(`a rule begins with [[${effect}]], not [${effect}]`);
  const lines = headLines(effect, text);
  return found.map((item: unknown, index) => {
    const rule = tableOf(`[[${effect}]]`, item);
    const line = lines.length === found.length ? (lines[index] ?? 0) : 0;
    try {
      return ruleOf(effect, rule, line, index, known);
    } catch (cause) {
      throw new Error(`the rule in line ${line}: ${errorMessage(cause)}`, { cause });
    }
  });
}

/** Returns the lines with heads of rules. A head within a text of several lines makes the count wrong, and then no line is shown. */
function headLines(effect: Rule['effect'], text: string): number[] {
  const head = new RegExp(`^\\s*\\[\\[\\s*"?${effect}"?\\s*\\]\\]`);
  return text.split('\n').flatMap((line, index) => (head.test(line) ? [index + 1] : []));
}

function ruleOf(
  effect: Rule['effect'],
  table: Table,
  line: number,
  index: number,
  known: Known,
): Rule {
  checkKeys('it', table, effect === 'allow' ? OF_ALLOW : OF_BOTH);
  const ids = (key: 'users' | 'groups'): number[] | undefined =>
    listOf(key, table[key])?.map((name) =>
      key === 'users'
        ? idOf(key, 'user', name, (text) => known.accounts.uid(text))
        : idOf(key, 'group', name, (text) => known.accounts.gid(text)),
    );
  const rule: Rule = {
    effect,
    line,
    name: textOf('name', table['name']) ?? `${effect}-${index + 1}`,
    labels: labelsOf(table['labels']),
    lists: {},
    signed: truthOf('signed', table['signed']) ?? false,
    all: truthOf('all', table['all']) ?? false,
    ...limitsOf(table),
  };
  const [users, groups, ports] = [ids('users'), ids('groups'), portsOf(table['ports'])];
  if (users) rule.users = users;
  if (groups) rule.groups = groups;
  if (ports) rule.ports = ports;
  if (effect === 'allow' && !users && !groups) throw new Error('an allow rule has users or groups');
  for (const key of PATTERN_KEYS) {
    const patterns = listOf(key, table[key]);
    if (patterns) rule.lists[key] = normal(key, patterns);
  }
  checkVerbs(rule, known);
  return rule;
}

function normal(key: PatternKey, patterns: readonly string[]): string[] {
  if (key === 'capabilities')
    return patterns.map((name) => name.toUpperCase().replace(/^CAP_/, ''));
  const wrong = key === 'devices' && patterns.find((path) => !path.startsWith('/'));
  if (typeof wrong === 'string') throw new Error(`devices: "${wrong}" is no absolute path`);
  return [...patterns];
}

function checkVerbs({ effect, users, groups, lists }: Rule, { verbProblem }: Known): void {
  const isForRoot = groups === undefined && users?.every((uid) => isRoot({ uid })) === true;
  for (const pattern of lists.verbs ?? []) {
    const problem = effect === 'allow' ? verbProblem(pattern, isForRoot) : undefined;
    if (problem !== undefined) throw new Error(`verbs: "${pattern}" ${problem}`);
  }
}

function labelsOf(value: unknown): Record<string, string> {
  if (value === undefined) return {};
  return Object.fromEntries(
    Object.entries(tableOf('labels', value)).map(([key, text]) => [
      key,
      textOf(`labels.${key}`, text) ?? '',
    ]),
  );
}

function idOf(
  key: string,
  noun: string,
  name: string,
  find: (name: string) => number | undefined,
): number {
  const id = find(name);
  if (id !== undefined) return id;
  throw new Error(
    `${key}: this host has no ${noun} "${name}"; write the number of an account that /etc/${noun === 'user' ? 'passwd' : 'group'} does not list`,
  );
}

function checkKeys(what: string, table: Table, allowed: readonly string[]): void {
  const wrong = Object.keys(table).find((key) => !allowed.includes(key));
  if (wrong !== undefined)
    throw new Error(`${what} has the key ${wrong}: ${allowed.join(', ')} are allowed`);
}
