// SPDX-License-Identifier: Apache-2.0
// Rules of the policy as data.

import { isInGroup, isRoot, type Caller } from './caller.js';

/** Lists of a rule whose items are patterns (pattern.ts). */
export const PATTERN_KEYS = ['verbs', 'images', 'networks', 'devices', 'capabilities'] as const;
export type PatternKey = (typeof PATTERN_KEYS)[number];

/** Limits of a rule, as numbers. */
export interface Limits {
  /** The most memory of one domain, in bytes. */
  memoryBytes?: number;
  /** The most CPUs of one domain. */
  cpus?: number;
  /** The largest writable layer or sized volume, in bytes. */
  diskBytes?: number;
  /** The most containers of one user, running or not. */
  containers?: number;
  /** The most starts of one user within 60 seconds. */
  startsPerMinute?: number;
}

export interface Rule extends Limits {
  effect: 'allow' | 'deny';
  name: string;
  /** Line of the rule's head in the file; 0 where it is unknown. */
  line: number;
  /** Uids and gids. Without both, a deny rule is for all callers but root. */
  users?: readonly number[];
  groups?: readonly number[];
  /** Labels that a container must have for the rule to count. */
  labels: Readonly<Record<string, string>>;
  lists: Partial<Record<PatternKey, readonly string[]>>;
  /** Ports of the host, as ranges with both ends. */
  ports?: readonly (readonly [number, number])[];
  /** Only images whose signature the host's /etc/containers/policy.json asks for. */
  signed: boolean;
  /** Also containers, pods and volumes of other users. */
  all: boolean;
}

export interface Policy {
  path: string;
  rules: readonly Rule[];
  /** Group of thawd's socket. */
  socketGroup?: number;
}

/** Returns true where the rule is for this caller. */
export function appliesTo({ users, groups }: Rule, caller: Caller): boolean {
  if (users === undefined && groups === undefined) return !isRoot(caller);
  if (users?.includes(caller.uid) === true) return true;
  // Membership in a group does not limit root, who is asked only where a rule names root.
  return !isRoot(caller) && groups?.some((gid) => isInGroup(caller, gid)) === true;
}

/** Returns the rule's name for messages and the audit log, such as `developers (line 4)`. */
export function titleOf({ name, line }: Pick<Rule, 'name' | 'line'>): string {
  return line > 0 ? `${name} (line ${line})` : name;
}

/** Returns true where a container with these labels has all that the rule is for. */
export function hasLabels(labels: Readonly<Record<string, string>>, rule: Rule): boolean {
  return Object.entries(rule.labels).every(([key, value]) => labels[key] === value);
}
