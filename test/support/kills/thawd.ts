// SPDX-License-Identifier: Apache-2.0
// A thawd that is killed at a moment of the test's choosing, and the next one; and thaw's commands meanwhile, none of which may hang.

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { hasEnded, startThaw, thaw, thawdPid, until, type Outcome } from '../dom0/thaw.js';

/** A thawd that is not ready by then has a fault, though a lab on a machine that is busy takes more than a minute for one. */
const READY_MS = 300_000;
/** A command that has not ended by then hangs, though the thawd after the killed one is long ready. */
const COMMAND_MS = 300_000;

/** Starts thawd as the lab does; resolves with its pid, which is there at once. */
function spawnThawd(options: readonly string[]): number {
  const log = openSync('/var/log/thaw/thawd.log', 'a');
  try {
    const child = spawn('thawd', options, { detached: true, stdio: ['ignore', log, log] });
    child.unref();
    // One that the test kills itself is no news.
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
    // It has ended by itself, which answers() tells.
  }
  // Its parent may be this process, which reaps it in its own time: a zombie has no memory and holds nothing.
  await until('thawd is dead', () => !isAlive(pid));
}

function isAlive(pid: number): boolean {
  return !hasEnded(pid);
}

export class MortalThawd {
  #pid: number;
  readonly #options: readonly string[];
  /** How many have been killed. */
  kills = 0;

  /** Of the thawd that runs; those after it get `options`. */
  constructor(options: readonly string[]) {
    this.#pid = thawdPid();
    this.#options = options;
  }

  async kill(): Promise<void> {
    this.kills++;
    await kill(this.#pid);
  }

  /** Starts the next one, which answers no earlier than answers() says. */
  start(): void {
    this.#pid = spawnThawd(this.#options);
  }

  /** Resolves with the milliseconds that it took from now on. */
  async answers(): Promise<number> {
    const started = Date.now();
    await until('thawd answers', async () => (await thaw(['ps'])).status === 0, READY_MS);
    return Date.now() - started;
  }
}

/** Runs thaw to its end. One that hangs is killed, and the promise rejects. */
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

/** Whether a command failed because its thawd died, or none was there, which it must say in one line. Throws where it failed in another way. */
export function wasCut(words: readonly string[], { status, stderr }: Outcome): boolean {
  if (status === 0) return false;
  if (status === 125 && CUT.test(stderr)) return true;
  throw new Error(`thaw ${words.join(' ')}: status ${status}, ${JSON.stringify(stderr)}`);
}

/** thawd ended; none runs; the next one undid what was begun. */
const CUT = /^thaw: (Lost the |Cannot reach )[^\n]*\n$/;
