// SPDX-License-Identifier: Apache-2.0
// The real agent on this machine: built with sanitizers, PID 1 of its own pid, mount and UTS namespace, reached over its two sockets.

import { execFileSync, spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentType, decodeHello, type Hello } from '../../../toolstack/agent/wire.js';
import { AgentClient } from './agent-client.js';
import { FrameSocket } from '../shim/frame-socket.js';
import { makeProgram, ROOT } from '../programs.js';
import { until } from '../within.js';

let binary: string | undefined;

/** Builds the agent for tests. */
export function agentBinary(): string {
  return (binary ??= join(makeProgram('kernels/agent', 'test-agent'), 'test-agent'));
}

/** The runtime under the agent: the guest's crun, or THAW_TEST_RUNTIME. */
export const RUNTIME = process.env['THAW_TEST_RUNTIME'] ?? guestsCrun();

function guestsCrun(): string {
  const stdio: StdioOptions = ['ignore', 'pipe', 'inherit'];
  const folder = execFileSync(join(ROOT, 'scripts/build-crun'), { encoding: 'utf8', stdio });
  return join(folder.trim(), 'crun');
}

export class TestAgent extends AgentClient {
  readonly folder: string;
  /** The output of the agent and its sanitizers. */
  log = '';
  readonly #child: ChildProcess;
  private constructor(folder: string, child: ChildProcess) {
    super();
    this.folder = folder;
    this.#child = child;
    child.stderr?.on('data', (chunk: Buffer) => (this.log += chunk.toString()));
  }

  /** Starts the agent, without a client. `hasInterface`: in a network of its own, with an eth0. */
  static launch(runtime = RUNTIME, hasInterface = false): TestAgent {
    if (process.getuid?.() !== 0) throw new Error('The agent needs root: run its tests as root');
    if (!existsSync(runtime)) throw new Error(`Cannot find ${runtime}: install crun`);
    const folder = mkdtempSync(join(tmpdir(), 'thaw-agent-'));
    for (const name of ['store', 'etc', 'dev', 'run/roots', 'xenbus/vif-0/net/eth0'])
      mkdirSync(join(folder, name), { recursive: true });
    const options = ['store', 'run', 'etc', 'dev', 'xenbus'].flatMap((name) => [
      `--${name}`,
      join(folder, name),
    ]);
    const namespaces = ['--mount', '--uts', '--pid', '--fork', '--mount-proc', '--kill-child'];
    if (hasInterface) namespaces.push('--net');
    const interfaces = hasInterface ? 'ip link add eth0 type veth peer name peer0 && ' : '';
    // crun refuses a machine that has both cgroup versions: this mount namespace shows only the second
    const script = `mount -t cgroup2 none /sys/fs/cgroup && ${interfaces}exec "$@"`;
    const words = [agentBinary(), ...options, '--runtime', runtime, '--cgroup-manager', 'disabled'];
    const child = spawn(
      'unshare',
      [...namespaces, 'sh', '-c', script, 'sh', ...words, '--no-clock'],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, ASAN_OPTIONS: 'exitcode=99:detect_leaks=1' },
      },
    );
    return new TestAgent(folder, child);
  }

  /** Starts the agent, connects both channels and gives it an identity. */
  static async start(runtime?: string): Promise<TestAgent> {
    const agent = TestAgent.launch(runtime);
    await agent.connectControl();
    await agent.connectData();
    await agent.identify();
    return agent;
  }

  /** Connects a client to one of the sockets and reads its hello. */
  async connect(name: 'control' | 'data'): Promise<{ socket: FrameSocket; hello: Hello }> {
    const path = join(this.folder, 'store', `${name}.sock`);
    let found: { socket: FrameSocket; hello: Hello } | undefined;
    // a connection may still reach the listener that closes with the previous client
    await until(`the agent greets on ${name}`, async () => {
      if (this.#child.exitCode !== null)
        throw new Error(`The agent ended with status ${this.#child.exitCode}: ${this.log}`);
      const socket = await FrameSocket.connect(path, 4194304).catch(() => undefined);
      const frame = await socket?.next();
      if (socket && frame?.type === AgentType.HELLO)
        found = { socket, hello: decodeHello(frame.payload) };
      return found !== undefined;
    });
    if (!found) throw new Error('unreachable');
    return found;
  }

  get run(): string {
    return join(this.folder, 'run');
  }

  /** The agent's pid on this machine. */
  get pid(): number {
    const children = readFileSync(
      `/proc/${this.#child.pid}/task/${this.#child.pid}/children`,
      'utf8',
    );
    return Number(children.trim().split(' ')[0]);
  }

  state(): string {
    return readFileSync(join(this.folder, 'store', 'state'), 'utf8');
  }

  /** Ends the agent; throws when it or a sanitizer reports an error. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'exit');
      const { pid } = this;
      // 0, the pid of an ended agent, would be this process's group.
      if (pid > 0) process.kill(pid, 'SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
    if (this.#child.exitCode !== 0)
      throw new Error(`The agent ended with status ${this.#child.exitCode}: ${this.log}`);
  }
}
