// SPDX-License-Identifier: Apache-2.0
// Starts shims through one small spawner process, so that they outlive thawd and thawd itself never forks.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { withDeadline } from '../../base/deadline.js';
import type { Domid } from '../../base/ids.js';
import type { Ring } from '../../agent/freeze-rings.js';
import { XS_DATA } from '../../agent/wire.js';
import type { SandboxCgroups } from './cgroups.js';
import { ShimError } from './client.js';
import { writtenIn } from './written.js';

/** Returns the path of the socket of the shim that serves the sandbox in `folder`. */
export function shimSocket(folder: string): string {
  return join(folder, 'shim.sock');
}

const OPEN_MS = 3000;
const LISTEN_MS = 500;

/**
 * Returns the milliseconds that an earlier thawd's shim may take to answer. A shim that was just started has yet to open its socket. Behind an
 * existing socket the shim listens at once, or is dead.
 */
export function answerMs(folder: string): number {
  if (!existsSync(folder)) return 0;
  return existsSync(shimSocket(folder)) ? LISTEN_MS : OPEN_MS;
}

class SpawnerEnded extends ShimError {}

type Waiter = { resolve: (pid: number) => void; reject: (error: Error) => void };

export class ShimSpawner {
  readonly #program: string;
  #process: ChildProcess | undefined;
  /** One waiter for each line that is not answered yet, in order. */
  #waiters: Waiter[] = [];

  readonly #cgroups: SandboxCgroups | undefined;

  /** `program` is thaw-shim. Its spawner starts with the first shim, and again if it has ended. Without `cgroups` shims are in thawd's cgroup. */
  constructor(program: string, cgroups?: SandboxCgroups) {
    this.#program = program;
    this.#cgroups = cgroups;
  }

  /**
   * Starts a shim for a domain, in a session and a cgroup of its own, with its messages in FOLDER/shim.log. `ring` is its first channel's ring,
   * where there is one. Resolves with the shim's pid before the shim is ready. Rejects with ERR_SHIM_START.
   */
  async start(domid: Domid, folder: string, ring?: Ring): Promise<number> {
    if (folder.includes('\n'))
      throw new ShimError('ERR_SHIM_START', `Cannot start a shim in ${JSON.stringify(folder)}`);
    const first = ring ? `${ring.ref}:${ring.port}` : '-';
    const cgroup = this.#cgroups?.take(folder) ?? '-';
    const line = `${domid} ${first} /local/domain/${domid}/${XS_DATA} ${cgroup} ${folder}\n`;
    const wasThere = this.#process !== undefined;
    const started = this.#ask(line).catch((error: unknown) => {
      // A spawner that had ended never read the line; thawd sees its end a little later.
      if (wasThere && error instanceof SpawnerEnded) return this.#ask(line);
      throw error;
    });
    return withDeadline(started, START_MS, `${this.#program} does not start a shim`, {
      code: 'ERR_SHIM_START',
    });
  }

  /** Gives back what the shim of the sandbox in `folder` had, which ends. */
  left(folder: string): void {
    this.#cgroups?.leave(folder);
  }

  /** Resolves with the bytes that the processes of each domain's sandbox have written to disks, by domid. Empty on a host without cgroups. */
  async written(): Promise<Map<number, number>> {
    return this.#cgroups ? writtenIn(this.#cgroups.folder) : new Map();
  }

  #ask(line: string): Promise<number> {
    return new Promise<number>((resolve, reject) => {
      const child = (this.#process ??= this.#launch());
      this.#waiters.push({ resolve, reject });
      child.stdin?.write(line);
    });
  }

  /** Starts the spawner now, so that the first sandbox need not wait for it. */
  prepare(): void {
    this.#process ??= this.#launch();
  }

  /** Ends the spawner; the shims live on. Idempotent. */
  close(): void {
    this.#process?.stdin?.end();
    this.#process = undefined;
    this.#cgroups?.close();
  }

  #launch(): ChildProcess {
    const { folder, limits } = this.#cgroups ?? { folder: undefined, limits: [] };
    const cgroups = folder === undefined ? [] : [folder, ...limits];
    const child = spawn(this.#program, ['--spawner', ...cgroups], {
      cwd: '/',
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const fail = (cause?: unknown): void => {
      if (this.#process === child) this.#process = undefined;
      const waiters = this.#waiters;
      this.#waiters = [];
      const what = `Cannot start ${this.#program}`;
      for (const waiter of waiters)
        waiter.reject(
          cause instanceof Error
            ? new ShimError('ERR_SHIM_START', `${what}: ${cause.message}`, { cause })
            : new SpawnerEnded('ERR_SHIM_START', `${what}: it ended`),
        );
    };
    child.once('error', fail);
    // 'exit' may come before the spawner's last answer.
    child.once('close', () => fail());
    child.stdin.on('error', () => undefined);
    createInterface(child.stdout).on('line', (line) => this.#answer(line));
    // The spawner must not keep thawd alive. It ends when thawd does.
    child.unref();
    return child;
  }

  #answer(line: string): void {
    const waiter = this.#waiters.shift();
    const pid = Number(line);
    if (Number.isInteger(pid) && pid > 0) waiter?.resolve(pid);
    else waiter?.reject(new ShimError('ERR_SHIM_START', `Cannot start a shim: ${line}`));
  }
}

const START_MS = 30_000;
