// SPDX-License-Identifier: Apache-2.0
// A thawd that a test kills at a chosen moment, its successors, and thaw's commands meanwhile, none of which may hang.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, startThaw, thaw, thawdPid, until, type Outcome } from '../dom0/thaw.js';

/** A thawd that is not ready by then has a fault. A lab on a busy machine may take more than a minute. */
const READY_MS = 300_000;
/** A command that has not ended by then hangs: the thawd after the killed one has long been ready. */
const COMMAND_MS = 300_000;

/** Starts thawd as the lab does. Resolves with its pid, which is known at once. */
function spawnThawd(options: readonly string[]): number {
  const log = openSync('/var/log/thaw/thawd.log', 'a');
  try {
    const child = spawn('thawd', options, { detached: true, stdio: ['ignore', log, log] });
    child.unref();
    // A process that the test kills itself is no error.
    child.on('error', () => undefined);
    return child.pid ?? 0;
  } finally {
    closeSync(log);
  }
}

async function kill(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // The process has ended by itself, which answers() reports.
  }
  // Its parent may be this process, which reaps it later: a zombie has no memory and holds nothing.
  await until('thawd is dead', () => !isAlive(pid));
}

function isAlive(pid: number): boolean {
  return !hasEnded(pid);
}

export class MortalThawd {
  #pid: number;
  readonly #options: readonly string[];
  /** The number of kills. */
  kills = 0;

  /** Options of the running thawd; its successors get `options`. */
  constructor(options: readonly string[]) {
    this.#pid = thawdPid();
    this.#options = options;
  }

  async kill(): Promise<void> {
    this.kills++;
    await kill(this.#pid);
  }

  /** Starts the next thawd; answers() tells when it answers. */
  start(): void {
    this.#pid = spawnThawd(this.#options);
  }

  /** Waits until thawd answers. Resolves with the milliseconds from now. */
  async answers(): Promise<number> {
    const started = Date.now();
    await until('thawd answers', async () => (await thaw(['ps'])).status === 0, READY_MS);
    return Date.now() - started;
  }
}

/** Runs thaw to its end. A hanging command is killed, and the promise rejects. */
export async function command(words: string[], input?: string): Promise<Outcome> {
  const { child, done } = startThaw(words);
  child.stdin?.end(input ?? '');
  const late = new AbortController();
  const hangs = delay(COMMAND_MS, undefined, { signal: late.signal }).then(
    () => {
      child.kill('SIGKILL');
      throw new Error(`thaw ${words.join(' ')} hangs: not within ${COMMAND_MS / 1000} s`);
    },
    () => new Promise<never>(() => undefined),
  );
  try {
    return await Promise.race([done, hangs]);
  } finally {
    late.abort();
  }
}

/** True when a command failed because its thawd died or none ran, which it must report in one line. Throws for any other failure. */
export function wasCut(words: readonly string[], { status, stderr }: Outcome): boolean {
  if (status === 0) return false;
  if (status === 125 && CUT.test(stderr)) return true;
  throw new Error(`thaw ${words.join(' ')}: status ${status}, ${JSON.stringify(stderr)}`);
}

/** The thawd ended, or none runs, or the next one undid the unfinished work. */
const CUT = /^thaw: (Lost the |Cannot reach )[^\n]*\n$/;
