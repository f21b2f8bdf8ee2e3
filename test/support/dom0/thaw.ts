// SPDX-License-Identifier: Apache-2.0
// Running thaw in a dom0 as its users do, and looking at what it leaves. The lab's suites set what stands at the top.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ask } from './ask.js';

/** Which kind of guest this run of the suite is about. */
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

/** Runs thaw with these words and waits for it. `input` goes to its standard input; without it that is empty. */
export function thaw(
  words: string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  const { child, done } = startThaw(words, options);
  child.stdin?.end(options.input ?? '');
  return done;
}

/** `thaw run --rm` as runWords() has it, waited for. */
export function run(
  words: string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<Outcome> {
  return thaw(runWords('--rm', ...words), options);
}

/**
 * `thaw run` of this suite's guest type, with the template's own memory where the test names none: growing to thaw's default takes
 * as long in the lab as all else of a start.
 */
export function runWords(...words: string[]): string[] {
  const memory = words.includes('--memory') ? [] : ['--memory', '64m'];
  return ['run', '--type', guestType, ...memory, ...words];
}

/** Starts thaw and leaves it running; `done` resolves when it has ended. */
export function startThaw(
  words: string[],
  options: {
    env?: Record<string, string>;
    cwd?: string;
    /** Gets its output in place of the outcome, for one that writes more than is to be kept. */
    onOutput?: (text: string) => void;
  } = {},
): { child: ChildProcess; done: Promise<Outcome> } {
  const child = spawn('thaw', words, {
    cwd: options.cwd ?? '/root',
    env: { ...process.env, ...options.env },
  });
  // A thaw that ends before it reads is no fault of the test's: its status tells.
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

/** What pulling and freezing say is not what a test looks at. */
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

/** Runs a program and returns what it printed; rejects when it fails. */
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

/** All containers that thawd knows. Rejects where there is no thawd. */
export async function list(): Promise<Listed[]> {
  const { stdout } = await ask('ps', '--all', '--json');
  return JSON.parse(stdout) as Listed[];
}

/** Waits until `check` gives something; an empty text is nothing. Rejects after `ms`, saying what was waited for. */
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
    // A look is a process of its own: in the lab, looking all the time would take half the machine from what is waited for.
    await delay(400);
  }
}

/** The container of that name once it runs. */
export function running(name: string): Promise<Listed> {
  return until(`container ${name} runs`, async () =>
    (await list()).find((c) => c.name === name && c.state === 'running'),
  );
}

export function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

/** The pids of processes whose command line matches. */
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

/** The command line of thawd. */
export const THAWD = /^node (-\S+ )*\S*daemon\/main\.js/;

export function thawdPid(): number {
  const [pid] = pidsOf(THAWD);
  if (pid === undefined) throw new Error('No thawd runs');
  return pid;
}

/** Kills thawd as a crash would, and waits until it is gone. */
export async function killThawd(): Promise<void> {
  const pid = thawdPid();
  process.kill(pid, 'SIGKILL');
  await until('thawd is gone', () => !existsSync(`/proc/${pid}`));
}

/**
 * Whether nothing of a process is left but, perhaps, what its parent has not reaped. The first of its threads is a zombie while others
 * still end, and until the last has its sockets take connections, which nobody answers.
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
 * As stopThawd(), until thawd has ended its pool, too, and what is left of containers that have ended: on a host that stands still for seconds it
 * leaves that to the next thawd. No container may be there.
 */
export async function stopWithPool(): Promise<void> {
  for (let tries = 5; ; tries--) {
    await stopThawd();
    const domains = (await command('xl', ['list'])).trim().split('\n');
    // Above Domain-0 is the table's head.
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

/** The most memory a process had in use, in KiB. */
export function peakKib(pid: number): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? NaN);
}

/** Waits until thawd's pool has as many clones of a template waiting as it wants. */
export async function poolFilled(ready = 2): Promise<void> {
  await until(`${ready} clones wait`, async () => {
    const { stdout } = await ask('info', '--json');
    const { templates } = JSON.parse(stdout) as { templates: { ready: number }[] };
    return templates.some((template) => template.ready >= ready);
  });
}
