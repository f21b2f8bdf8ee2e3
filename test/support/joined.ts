// SPDX-License-Identifier: Apache-2.0
// How can many test files run in one AVA process, and each still has its own titles, hooks and turn? scripts/join-tests.mjs gives each file
// the test() that is made here in place of AVA's.

import test, { type ExecutionContext, type TestFn } from 'ava';

type Hook = (t: ExecutionContext) => unknown;
type Call = (...args: unknown[]) => unknown;
type Chain = Call & Record<string, Call>;

interface File {
  readonly before: Hook[];
  readonly after: Hook[];
  /** The outcome of all `before`, once a test has asked for it. */
  begun: Promise<void> | undefined;
  /** Tests that have not ended: with --match, some of them never begin. */
  left: number;
  isPutAway: boolean;
}

/** The file whose tests run, and how many do: those of the others wait, since AVA starts all at once that are not serial. */
let turn: File | undefined;
let running = 0;
const waiting: { file: File; go: () => void }[] = [];

/** When each test began, by its title. */
const began = new Map<string, number>();

/** By the text that all titles of the file begin with. */
const files = new Map<string, File>();
const SEPARATOR = ' › ';
const HOOKS = ['before', 'after', 'beforeEach', 'afterEach'];

/**
 * The test() of the file with this name: titles begin with the name, hooks are for the tests of this file only. With `inOrder` every test
 * is serial: AVA would take those of all files that are not after those of all files that are.
 */
export function joined(name: string, inOrder: boolean): TestFn {
  // The first of all hooks, which all others wait for since it is serial.
  if (files.size === 0) test.serial.beforeEach('its file begins', (t) => begin(t));
  const prefix = name + SEPARATOR;
  if (files.has(prefix)) throw new Error(`Two test files are called ${name}`);
  const file: File = { before: [], after: [], begun: undefined, left: 0, isPutAway: false };
  files.set(prefix, file);
  const root = inOrder ? test.serial : test;
  return chain(root as unknown as Chain, [], prefix, file) as unknown as TestFn;
}

/** After the last file: the last of all hooks, which waits for all others since it is serial. */
export function allJoined(): void {
  test.serial.afterEach.always('its file ends', (t) => end(t));
  test.serial.after.always('files end of which --match left tests out', async (t) => {
    for (const file of files.values()) if (file.begun !== undefined) await putAway(file, t);
  });
}

/** AVA's test.serial.failing and the like, down to the call. */
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

/** A hook's title ends with that of its test, which begins with its file's: `a › b › ` and not `a › ` where both are files. */
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

/** A test has ended: with the last that runs, it is the turn of all of the file that has waited longest. */
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
  // TAP has no place for it but a comment: build/logs tells which tests take long.
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
  // Each of them has its own things to put away.
  const ends = [];
  for (const hook of file.after) ends.push(await Promise.allSettled([hook(t)]));
  for (const [outcome] of ends) if (outcome?.status === 'rejected') throw outcome.reason;
}
