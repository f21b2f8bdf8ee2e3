// SPDX-License-Identifier: Apache-2.0
// Runs many test files in one AVA process, each with its own titles, hooks and turn. scripts/join-tests.mjs gives each file the test() made here in
// place of AVA's.

import test, { type ExecutionContext, type TestFn } from 'ava';

type Hook = (t: ExecutionContext) => unknown;
type Call = (...args: unknown[]) => unknown;
type Chain = Call & Record<string, Call>;

interface File {
  readonly before: Hook[];
  readonly after: Hook[];
  /** The outcome of all `before` hooks, once a test has started them. */
  begun: Promise<void> | undefined;
  /** The number of tests that have not ended. With --match, some of them never begin. */
  left: number;
  isPutAway: boolean;
}

/** The file whose tests run, and their number. Tests of other files wait, since AVA starts all tests that are not serial at once. */
let turn: File | undefined;
let running = 0;
const waiting: { file: File; go: () => void }[] = [];

/** The start time of each test, by its title. */
const began = new Map<string, number>();

/** Files by the text that begins all their titles. */
const files = new Map<string, File>();
const SEPARATOR = ' › ';
const HOOKS = ['before', 'after', 'beforeEach', 'afterEach'];

/**
 * Returns the test() of the file with this name. Titles begin with the name, and hooks apply to the tests of this file only. With `inOrder` every
 * test is serial: AVA runs serial tests of all files before the tests that are not serial.
 */
export function joined(name: string, inOrder: boolean): TestFn {
  // The first of all hooks. All other hooks wait for it, since it is serial.
  if (files.size === 0) test.serial.beforeEach('its file begins', (t) => begin(t));
  const prefix = name + SEPARATOR;
  if (files.has(prefix)) throw new Error(`Two test files are called ${name}`);
  const file: File = { before: [], after: [], begun: undefined, left: 0, isPutAway: false };
  files.set(prefix, file);
  const root = inOrder ? test.serial : test;
  return chain(root as unknown as Chain, [], prefix, file) as unknown as TestFn;
}

/** Call it after the last file. It adds the last of all hooks, which waits for all others since it is serial. */
export function allJoined(): void {
  test.serial.afterEach.always('its file ends', (t) => end(t));
  test.serial.after.always('files end of which --match left tests out', async (t) => {
    for (const file of files.values()) if (file.begun !== undefined) await putAway(file, t);
  });
}

/** Wraps AVA's test.serial.failing and the like, down to the call. */
function chain(real: Chain, path: string[], prefix: string, file: File): Chain {
  return new Proxy(real, {
    get: (target, key: 'macro' | 'serial') => {
      if (key === 'macro') return test.macro;
      // test.serial has no `serial`, nor has test.serial.failing.
      const next = key === 'serial' ? (target[key] ?? target) : target[key];
      return chain(next as Chain, [...path, key], prefix, file);
    },
    apply: (target, _, args) => declare(target, path, prefix, file, args),
  });
}

function declare(real: Chain, path: string[], prefix: string, file: File, args: unknown[]): void {
  const hook = HOOKS.find((name) => path.includes(name));
  if (hook !== undefined) {
    const body = args.find((arg) => typeof arg === 'function') as Hook;
    if (hook === 'before') file.before.push(body);
    else if (!path.includes('always') && hook === 'after')
      throw new Error(`${prefix}test.after() is not for joined files: use test.after.always()`);
    else if (hook === 'after') file.after.push(body);
    else real(args[0] === body ? hook : args[0], (t: ExecutionContext) => ofFile(t, prefix, body));
    return;
  }
  const [title, ...rest] = args;
  if (typeof title !== 'string')
    throw new Error(`${prefix}a test without a title cannot be joined`);
  if (!path.includes('skip') && !path.includes('todo')) file.left++;
  real(prefix + title, ...rest);
}

function ofFile(t: ExecutionContext, prefix: string, body: Hook): unknown {
  return nameOf(t) === prefix ? body(t) : undefined;
}

/**
 * Finds a hook's file. A hook's title ends with its test's title, which begins with the file's name: `a › b › ` and not `a › ` where both are files.
 */
function nameOf(t: ExecutionContext): string {
  const names = [...files.keys()].filter((prefix) => t.title.includes(` for ${prefix}`));
  const longest = names.sort((a, b) => b.length - a.length)[0];
  if (longest === undefined) throw new Error(`No test file has what "${t.title}" is about`);
  return longest;
}

function fileOf(t: ExecutionContext): File {
  return files.get(nameOf(t)) as File;
}

function testOf(t: ExecutionContext): string {
  return t.title.slice(t.title.indexOf(nameOf(t)));
}

async function begin(t: ExecutionContext): Promise<void> {
  const file = fileOf(t);
  await itsTurn(file);
  file.begun ??= (async () => {
    for (const hook of file.before) await hook(t);
  })();
  began.set(testOf(t), performance.now());
  await file.begun;
}

async function itsTurn(file: File): Promise<void> {
  if (running > 0 && turn !== file) await new Promise<void>((go) => waiting.push({ file, go }));
  else running++;
  turn = file;
}

/** Called when a test has ended. After the last running test, starts all waiting tests of the file that has waited longest. */
function nextTurn(): void {
  if (--running > 0 || waiting.length === 0) return;
  turn = waiting[0]?.file;
  const next = waiting.filter(({ file }) => file === turn);
  waiting.splice(0, waiting.length, ...waiting.filter(({ file }) => file !== turn));
  running = next.length;
  for (const { go } of next) go();
}

async function end(t: ExecutionContext): Promise<void> {
  const file = fileOf(t);
  const tookMs = performance.now() - (began.get(testOf(t)) ?? performance.now());
  // TAP allows it only as a comment: build/logs shows which tests take long.
  if (tookMs > 1000) t.log(`took ${(tookMs / 1000).toFixed(1)} s`);
  try {
    if (--file.left === 0) await putAway(file, t);
  } finally {
    nextTurn();
  }
}

async function putAway(file: File, t: ExecutionContext): Promise<void> {
  if (file.isPutAway) return;
  file.isPutAway = true;
  // Run every hook, since each cleans up its own resources.
  const ends = [];
  for (const hook of file.after) ends.push(await Promise.allSettled([hook(t)]));
  for (const [outcome] of ends) if (outcome?.status === 'rejected') throw outcome.reason;
}
