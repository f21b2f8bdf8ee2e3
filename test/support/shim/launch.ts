// SPDX-License-Identifier: Apache-2.0
// Runs the real launcher against a fake thawd and collects its output and its exit status.

import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import type { ExecutionContext } from 'ava';
import { CHECKED_ENV, programs } from '../programs.js';
import { within } from '../within.js';

export interface LaunchOptions {
  args?: string[];
  release?: boolean;
  stdio?: StdioOptions;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
}

export class Launched {
  readonly child: ChildProcess;
  readonly #stdout: Buffer[] = [];
  readonly #stderr: Buffer[] = [];
  readonly #ended: Promise<number | NodeJS.Signals>;

  constructor(child: ChildProcess) {
    this.child = child;
    child.stdout?.on('data', (chunk: Buffer) => this.#stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => this.#stderr.push(chunk));
    child.stdin?.on('error', () => undefined);
    this.#ended = once(child, 'close').then(
      ([code, signal]) => (code as number | null) ?? (signal as NodeJS.Signals),
    );
  }

  get stdout(): Buffer {
    return Buffer.concat(this.#stdout);
  }

  get stderr(): string {
    return Buffer.concat(this.#stderr).toString();
  }

  /** The exit code, or the signal that ended it. */
  ended(timeoutMs = 20_000): Promise<number | NodeJS.Signals> {
    return within(timeoutMs, 'the launcher to end', () => this.#ended);
  }
}

/** Starts `thaw ARGS` with THAW_SOCKET at `socket`. */
export function launch(t: ExecutionContext, socket: string, options: LaunchOptions = {}): Launched {
  const program = options.release ? programs().thaw : programs().thawChecked;
  const child = spawn(program, options.args ?? ['run', 'image'], {
    stdio: options.stdio ?? 'pipe',
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...CHECKED_ENV, ...options.env, THAW_SOCKET: socket },
  });
  t.teardown(() => {
    if (child.exitCode === null) child.kill('SIGKILL');
  });
  return new Launched(child);
}
