// SPDX-License-Identifier: Apache-2.0
// Runs thaw in a dom0 as users do, and looks for what it leaves behind. The lab's suites set the variables at the top.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './ask.js';

/** The kind of guest of this run of the suite. */
export const guestType = process.env['THAW_TEST_TYPE'] ?? 'pvh';
/** The folder that scripts/build-test-images filled. */
export const images = process.env['THAW_TEST_IMAGES'] ?? '/mnt/images';
export const busybox = `oci:${images}/busybox:latest`;
export const debian = `oci:${images}/debian:latest`;

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs thaw with these words and waits for it. `input` goes to its standard input, which is empty by default. */
export function thaw(
  words: string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const { child, done } = startThaw(words, options);
  child.stdin?.end(options.input ?? '');
  return done;
}

/** Runs `thaw run --rm` with the words of runWords() and waits for it. */
export function run(
  words: string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  return thaw(runWords('--rm', ...words), options);
}

/**
 * Returns the words of `thaw run` for this suite's guest type. Where the test names no memory, it takes the template's own: growing to thaw's default
 * takes as long in the lab as the rest of a start.
 */
export function runWords(...words: string[]): string[] {
  const memory = words.includes('--memory') ? [] : ['--memory', '64m'];
  return ['run', '--type', guestType, ...memory, ...words];
}

/** Starts thaw and leaves it running. `done` resolves when it has ended. */
export function startThaw(
  words: string[],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    /** Receives the output in place of the outcome, for a command that writes more than the test keeps. */
    onOutput?: (text: string) => void;
  } = {},
): { child: ChildProcess; done: Promise<Outcome> } {
  const child = spawn('thaw', words, {
    cwd: options.cwd ?? '/root',
    env: { ...process.env, ...options.env },
  });
  // A thaw that ends before it reads its input is no error of the test: its status tells the outcome.
  child.stdin.on('error', () => undefined);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const { onOutput } = options;
  child.stdout.on('data', (chunk: Buffer) =>
    onOutput ? onOutput(chunk.toString('latin1')) : out.push(chunk),
  );
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const done = new Promise<Outcome>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({
        status: code ?? (signal === null ? -1 : 1000),
        stdout: Buffer.concat(out).toString(),
        stderr: withoutProgress(Buffer.concat(err).toString()),
      }),
    );
  });
  return { child, done };
}

/** Removes the messages of pulling and freezing, which tests do not check. */
function withoutProgress(text: string): string {
  return text
    .split('\n')
    .filter(
      (line) =>
        !/^(Image .* is up to date|Copying |Converting layer|Pushing to |Saving |Freezing |Writing |Reading )/.test(
          line,
        ),
    )
    .join('\n');
}

/** Runs a program and returns its output; rejects when it fails. */
export function command(program: string, args: string[], timeoutMs = 60_000): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { timeout: timeoutMs, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${program} ${args.join(' ')}: ${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}

export interface Listed {
  id: string;
  name: string;
  state: string;
  domid?: number;
  exitStatus?: number;
  reason?: string;
}

/** Lists all containers that thawd knows. Rejects without a thawd. */
export async function list(): Promise<Listed[]> {
  const { stdout } = await ask('ps', '--all', '--json');
  return JSON.parse(stdout) as Listed[];
}

/** Waits until `check` returns a value; an empty text is no value. Rejects after `ms` with the name of the awaited event. */
export async function until<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  ms = 240_000,
): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false && value !== '') return value;
    if (Date.now() > deadline) throw new Error(`${what}: not within ${ms / 1000} s`);
    // Each check is a process of its own: in the lab, constant checks would take half the machine from the awaited work.
    await delay(400);
  }
}

/** Returns the container of that name once it runs. */
export function running(name: string): Promise<Listed> {
  return until(`container ${name} runs`, async () =>
    (await list()).find((c) => c.name === name && c.state === 'running'),
  );
}

export function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Returns the pids of processes whose command line matches. */
export function pidsOf(pattern: RegExp): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => {
      try {
        return pattern.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' '));
      } catch {
        return false;
      }
    })
    .map(Number);
}

/** Matches the command line of thawd. */
export const THAWD = /^node (-\S+ )*\S*daemon\/main\.js/;

export function thawdPid(): number {
  const [pid] = pidsOf(THAWD);
  if (pid === undefined) throw new Error('No thawd runs');
  return pid;
}

/** Kills thawd as a crash would, and waits until it has ended. */
export async function killThawd(): Promise<void> {
  const pid = thawdPid();
  process.kill(pid, 'SIGKILL');
  await until('thawd is gone', () => !existsSync(`/proc/${pid}`));
}

/**
 * True when nothing of a process is left, except a zombie that its parent has not reaped. The first of its threads is a zombie while others still
 * end, and until the last has ended its sockets accept connections without an answer.
 */
export function hasEnded(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const isZombie = /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    return isZombie && readdirSync(`/proc/${pid}/task`).length === 1;
  } catch {
    return true;
  }
}

/** Ends thawd as systemctl stop does. */
export async function stopThawd(): Promise<void> {
  const pid = thawdPid();
  process.kill(pid, 'SIGTERM');
  await until('thawd has ended', () => !existsSync(`/proc/${pid}`));
}

/**
 * Ends thawd as stopThawd() does, until thawd has also ended its pool and cleaned up ended containers. On a host that stops for seconds, thawd leaves
 * that work to the next thawd, so this starts and stops thawd again. There must be no container.
 */
export async function stopWithPool(): Promise<void> {
  for (let tries = 5; ; tries--) {
    await stopThawd();
    const domains = (await command('xl', ['list'])).trim().split('\n');
    // The table's head is above Domain-0.
    if (tries === 0 || domains.length <= 2) return;
    await startThawd();
  }
}

/** Starts thawd as the lab does, and waits until it answers. */
export async function startThawd(options: string[] = []): Promise<void> {
  const shell = 'exec setsid thawd "$@" >>/var/log/thaw/thawd.log 2>&1 </dev/null';
  spawn('sh', ['-c', shell, 'sh', ...options], { detached: true, stdio: 'ignore' }).unref();
  const answers = () =>
    ask('ps').then(
      ({ status }) => status === 0,
      () => false,
    );
  await until('thawd answers', answers, 300_000);
}

/** Returns the process's peak memory use in KiB. */
export function peakKib(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);
}

/** Waits until thawd's pool has as many waiting clones of a template as it wants. */
export async function poolFilled(ready = 2): Promise<void> {
  await until(`${ready} clones wait`, async () => {
    const { stdout } = await ask('info', '--json');
    const { templates } = JSON.parse(stdout) as { templates: { ready: number }[] };
    return templates.some((template) => template.ready >= ready);
  });
}
