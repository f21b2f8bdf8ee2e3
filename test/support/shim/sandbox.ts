// SPDX-License-Identifier: Apache-2.0
// A whole data plane for a test: folder, fake agent, a real thaw-shim, a control connection like thawd's.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync, closeSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import {
  ApiType,
  decodeShimStatus,
  encodeExpect,
  type ShimStatus,
} from '../../../toolstack/api/wire.js';
import { FakeAgent } from '../agent/fake-agent.js';
import { FrameSocket } from './frame-socket.js';
import { CHECKED_ENV, programs } from '../programs.js';
import { until, within } from '../within.js';

export interface SandboxOptions {
  /** Use the static program instead of the one with sanitizers. */
  release?: boolean;
  /** A build of the shim other than these two. */
  program?: string;
  args?: string[];
  /** Leave the hello to the test. */
  silent?: boolean;
  /** A command in front of the shim, to run it in another namespace. */
  prefix?: string[];
  /** The folder for the logs instead of the sandbox's own. */
  logs?: string;
  /** The shim's options that connect it to a real agent instead of the fake one. */
  transport?: string[];
}

export class Sandbox {
  readonly dir: string;
  readonly agent: FakeAgent;
  readonly shim: ChildProcess;
  readonly shimExit: Promise<number | NodeJS.Signals>;
  control!: FrameSocket;
  readonly #logs: string;

  private constructor(dir: string, agent: FakeAgent, shim: ChildProcess, logs: string) {
    this.dir = dir;
    this.agent = agent;
    this.shim = shim;
    this.#logs = logs;
    this.shimExit = once(shim, 'exit').then(
      ([code, signal]) => (code as number | null) ?? (signal as NodeJS.Signals),
    );
  }

  get socket(): string {
    return join(this.dir, 'shim.sock');
  }

  static async start(t: ExecutionContext, options: SandboxOptions = {}): Promise<Sandbox> {
    const dir = await mkdtemp(join(tmpdir(), 'thaw-shim-'));
    const agent = await FakeAgent.listen(join(dir, 'agent.sock'));
    const built = options.release ? programs().shim : programs().shimChecked;
    const program = options.program ?? built;
    const note = openSync(join(dir, 'shim.note'), 'w');
    const [command, ...args] = [
      ...(options.prefix ?? []),
      program,
      ...(options.transport ?? ['--socket', join(dir, 'agent.sock')]),
      ...['--dir', dir, ...(options.args ?? [])],
    ];
    const shim = spawn(command ?? '', args, {
      stdio: ['ignore', note, note],
      env: { ...process.env, ...CHECKED_ENV },
    });
    closeSync(note);
    const sandbox = new Sandbox(dir, agent, shim, options.logs ?? dir);
    t.teardown(() => sandbox.#end());
    if (options.transport === undefined) {
      await within(20_000, 'the shim to connect', () => agent.accept());
      if (!options.silent) agent.hello();
    }
    await until('the shim listens', async () => {
      try {
        sandbox.control = await FrameSocket.connect(sandbox.socket);
        return true;
      } catch {
        return false;
      }
    });
    if (!options.silent)
      await until('the shim is up', async () => (await sandbox.status()).state === 'up');
    return sandbox;
  }

  /** Announces a process like thawd, with a log and a status file. */
  async expect(id: number, flags = 1): Promise<void> {
    this.control.send(
      ApiType.EXPECT,
      id,
      flags,
      encodeExpect(this.logPath(id), this.statusPath(id)),
    );
    const answer = await this.control.next();
    if (answer?.type !== ApiType.OK) throw new Error(`EXPECT: ${String(answer?.payload)}`);
  }

  async status(): Promise<ShimStatus> {
    const peer = await FrameSocket.connect(this.socket);
    peer.send(ApiType.STATUS, 0, 0);
    const status = decodeShimStatus((await peer.nextOf(ApiType.STATUS)).payload);
    peer.close();
    return status;
  }

  logPath(id: number): string {
    return join(this.#logs, `${id}.log`);
  }

  statusPath(id: number): string {
    return join(this.dir, `${id}.status`);
  }

  /** The shim's own log. */
  get note(): string {
    return readFileSync(join(this.dir, 'shim.note'), 'utf8');
  }

  async statusFile(id: number): Promise<string> {
    await until(`status of ${id}`, async () =>
      readFile(this.statusPath(id)).then(
        () => true,
        () => false,
      ),
    );
    return (await readFile(this.statusPath(id), 'utf8')).trim();
  }

  /** Sends QUIT, and returns the shim's exit status. */
  async quit(): Promise<number | NodeJS.Signals> {
    this.control.send(ApiType.QUIT, 0, 0);
    return within(10_000, 'the shim to end', () => this.shimExit);
  }

  async #end(): Promise<void> {
    this.shim.kill('SIGKILL');
    await this.shimExit;
    this.agent.close();
    this.control?.close();
    await rm(this.dir, { recursive: true, force: true });
  }
}
