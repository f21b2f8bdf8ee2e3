// SPDX-License-Identifier: Apache-2.0
// Reads the hooks of a config.json that dom0 runs, with their defaults (config.md, POSIX-platform Hooks). Pure.

export interface Hook {
  path: string;
  /** Arguments, with the program's own name first; empty for no arguments. */
  args: readonly string[];
  env: readonly string[];
  timeoutMs: number;
}

const POINTS = ['prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop'] as const;

/** The points at which dom0 runs hooks, in the order of the lifecycle. The guest's crun runs startContainer hooks. */
export type HookPoint = (typeof POINTS)[number];
export type Hooks = Record<HookPoint, Hook[]>;

/** A hook as schema/config.json takes it. */
export interface HookDocument {
  path: string;
  args?: string[] | null;
  env?: string[] | null;
  /** In seconds. */
  timeout?: number;
}

const DEFAULT_S = 300;
/** The longest time of a Node.js timer, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1;

/** Returns the hooks of the object "hooks" of a config.json, once the schema has taken it. */
export function hooksOf(documents: Partial<Record<string, HookDocument[] | null>>): Hooks {
  const hooks = POINTS.map((point) => [point, (documents[point] ?? []).map(hookOf)]);
  return Object.fromEntries(hooks) as Hooks;
}

function hookOf({ path, args, env, timeout = DEFAULT_S }: HookDocument): Hook {
  const timeoutMs = Math.min(Math.ceil(timeout * 1000), LONGEST_MS);
  return { path, args: args ?? [], env: env ?? [], timeoutMs };
}
