// SPDX-License-Identifier: Apache-2.0
// The agent's client in tests: sends requests, matches answers, and sorts frames by process. Subclasses open the channels.

import { randomBytes } from 'node:crypto';
import { AgentType, type Hello } from '../../../toolstack/agent/wire.js';
import { encodeIdentity } from '../../../toolstack/agent/wire-guest.js';
import { ApiType } from '../../../toolstack/api/wire.js';
import type { Frame } from '../../../toolstack/base/frame.js';
import { AgentProcess } from './agent-process.js';
import type { FrameSocket } from '../shim/frame-socket.js';
import { within } from '../within.js';

/** An ERROR answer. */
export class Refusal extends Error {
  constructor(
    readonly fault: number,
    text: string,
  ) {
    super(text);
  }
}

export abstract class AgentClient {
  control!: FrameSocket;
  data!: FrameSocket;
  readonly #answers = new Map<number, (answer: Frame) => void>();
  readonly #processes = new Map<number, AgentProcess>();
  #nextRequest = 1;
  #nextProcess = 1;

  /** The path of the agent's own folder in the guest: /run/thaw. */
  abstract readonly run: string;

  /** Connects a client to one of the channels and reads its hello. */
  abstract connect(name: 'control' | 'data'): Promise<{ socket: FrameSocket; hello: Hello }>;

  async connectControl(): Promise<Hello> {
    const { socket, hello } = await this.connect('control');
    this.control = socket;
    socket.onFrame = (frame) => {
      this.#answers.get(frame.id)?.(frame);
      this.#answers.delete(frame.id);
    };
    return hello;
  }

  async connectData(): Promise<Hello> {
    const { socket, hello } = await this.connect('data');
    this.data = socket;
    socket.onFrame = (frame) => this.#processes.get(frame.id)?.take(frame);
    return hello;
  }

  /** Returns the payload of the OK; throws Refusal. */
  async request(type: number, payload?: Buffer): Promise<Buffer> {
    const id = this.#nextRequest++;
    const answer = new Promise<Frame>((resolve) => this.#answers.set(id, resolve));
    this.control.send(type, id, 0, payload);
    const frame = await within(60_000, `the answer to a request of type ${type}`, () => answer);
    if (frame.type === ApiType.ERROR) throw new Refusal(frame.arg, frame.payload.toString());
    return frame.payload;
  }

  async identify(hostname = 'guest'): Promise<void> {
    const machineId = '0'.repeat(31) + '1';
    const identity = { realtimeNs: 0n, seed: randomBytes(64), hostname, machineId };
    await this.request(AgentType.IDENTITY, encodeIdentity(identity));
  }

  /** Makes a process that receives its own frames. START it with its id. */
  newProcess(options: { isAutoCredited?: boolean } = {}): AgentProcess {
    const process = new AgentProcess(
      this.data,
      this.#nextProcess++,
      options.isAutoCredited ?? true,
    );
    this.#processes.set(process.id, process);
    return process;
  }
}
