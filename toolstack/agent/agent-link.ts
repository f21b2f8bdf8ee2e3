// SPDX-License-Identifier: Apache-2.0
// The control channel to one agent: hello first, then requests with replies, each with a deadline (docs/agent-protocol.md).

import type { Duplex } from 'node:stream';
import { sleep, withDeadline } from '../base/deadline.js';
import { encodeFrame, FrameParser, ProtocolError, type Frame } from '../base/frame.js';
import { AgentError, agentRefusal } from './errors.js';
import { AgentType, CONTROL_MAX, decodeHello, type Hello } from './wire.js';

export interface ConnectOptions {
  /** For the hello, all tries together. */
  timeoutMs: number;
  /** There is one channel, which waits for its only client: it is opened once, and may take all the time. */
  once?: boolean;
  signal?: AbortSignal | undefined;
}

/** Opens the raw channel within the given time; called again for each try. */
export type OpenChannel = (timeoutMs: number, signal?: AbortSignal) => Promise<Duplex>;

interface Pending {
  what: string;
  resolve: (payload: Buffer) => void;
  reject: (error: Error) => void;
}

export class AgentLink {
  readonly hello: Hello;
  /** Resolves with the reason once the link is closed, by whichever side. Never rejects. */
  readonly closed: Promise<Error>;
  readonly #channel: Duplex;
  readonly #pending = new Map<number, Pending>();
  /** The ids of requests that timed out, the oldest first. */
  readonly #late = new Set<number>();
  #lastId = 0;
  #end: ((reason: Error) => void) | undefined;

  private constructor(channel: Duplex, hello: Hello, parser: FrameParser) {
    this.#channel = channel;
    this.hello = hello;
    this.closed = new Promise((resolve) => (this.#end = resolve));
    channel.on('data', (chunk: Buffer) => this.#receive(parser, chunk));
    channel.on('error', (error: Error) => this.#close(error));
    channel.on('close', () =>
      this.#close(new AgentError('ERR_AGENT_CLOSED', 'Agent closed the channel')),
    );
  }

  /**
   * Opens the channel and waits for the agent's hello. A ring that an earlier thawd left half-read never says hello,
   * so each try has its own shorter deadline; the agent makes a new ring when it sees the client go.
   */
  static async connect(open: OpenChannel, options: ConnectOptions): Promise<AgentLink> {
    const deadline = performance.now() + options.timeoutMs;
    let last: unknown;
    for (;;) {
      const left = deadline - performance.now();
      options.signal?.throwIfAborted();
      if (left <= 0) throw noHello(options.timeoutMs, last);
      let channel: Duplex | undefined;
      try {
        channel = await open(Math.ceil(left), options.signal);
        const tryMs = options.once ? left : Math.min(left, HELLO_TRY_MS);
        return await firstHello(channel, tryMs, options.signal);
      } catch (error) {
        channel?.destroy();
        options.signal?.throwIfAborted();
        if (error instanceof ProtocolError) throw error;
        if (options.once) throw noHello(options.timeoutMs, error);
        last = error;
        await sleep(HELLO_RETRY_MS, options.signal);
      }
    }
  }

  /** Makes a link of a channel whose hello was just parsed. */
  static adopt(channel: Duplex, hello: Hello, parser: FrameParser): AgentLink {
    return new AgentLink(channel, hello, parser);
  }

  /**
   * Sends a request and resolves with the payload of its OK. `what` names it in errors.
   * Rejects with ERR_AGENT_<fault>, ERR_AGENT_TIMEOUT or ERR_AGENT_CLOSED.
   */
  request(type: number, payload: Buffer, what: string, timeoutMs: number): Promise<Buffer> {
    if (this.#end === undefined) {
      return Promise.reject(
        new AgentError('ERR_AGENT_CLOSED', `Cannot send ${what}: the agent's channel is closed`),
      );
    }
    const id = (this.#lastId = (this.#lastId % 0xffffffff) + 1);
    const answer = new Promise<Buffer>((resolve, reject) => {
      this.#pending.set(id, { what, resolve, reject });
      this.#channel.write(encodeFrame(type, id, 0, payload));
    });
    return withDeadline(answer, timeoutMs, `Agent does not answer ${what}`, {
      code: 'ERR_AGENT_TIMEOUT',
    }).finally(() => {
      if (this.#pending.delete(id)) this.#mayComeLate(id);
    });
  }

  /** Unmaps the ring; pending requests reject. Idempotent. */
  close(): void {
    this.#close(new AgentError('ERR_AGENT_CLOSED', 'The channel to the agent was closed'));
  }

  #receive(parser: FrameParser, chunk: Buffer): void {
    try {
      for (const frame of parser.push(chunk)) this.#answer(frame);
    } catch (error) {
      this.#close(error instanceof Error ? error : new ProtocolError(String(error)));
    }
  }

  #answer(untrusted: Frame): void {
    const pending = this.#pending.get(untrusted.id);
    if (pending === undefined) {
      // A reply to a request that timed out is late, not wrong. Each request has one reply: an agent that sends more would keep thawd busy.
      if (this.#late.delete(untrusted.id)) return;
      throw new ProtocolError(`The agent answered request ${untrusted.id}, which waits for none`);
    }
    if (untrusted.type !== AgentType.OK && untrusted.type !== AgentType.ERROR)
      throw new ProtocolError(`The agent sent a message of unknown type ${untrusted.type}`);
    this.#pending.delete(untrusted.id);
    if (untrusted.type === AgentType.OK) pending.resolve(Buffer.from(untrusted.payload));
    else pending.reject(agentRefusal(pending.what, untrusted.arg, untrusted.payload));
  }

  #mayComeLate(id: number): void {
    this.#late.add(id);
    const [oldest] = this.#late;
    if (this.#late.size > LATE_MAX && oldest !== undefined) this.#late.delete(oldest);
  }

  #close(reason: Error): void {
    const end = this.#end;
    if (end === undefined) return;
    this.#end = undefined;
    this.#channel.destroy();
    for (const pending of this.#pending.values()) pending.reject(reason);
    this.#pending.clear();
    end(reason);
  }
}

/** The most requests whose replies may still come. */
const LATE_MAX = 1024;
const HELLO_TRY_MS = 5000;
const HELLO_RETRY_MS = 20;

/** Waits for the hello on a fresh channel and makes the link with whatever bytes came behind it. */
async function firstHello(
  channel: Duplex,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<AgentLink> {
  const parser = new FrameParser(CONTROL_MAX);
  const cleanup: (() => void)[] = [];
  const hello = new Promise<Hello>((resolve, reject) => {
    const onData = (chunk: Buffer): void => {
      try {
        const [frame, ...more] = parser.push(chunk);
        if (frame === undefined) return;
        if (frame.type !== AgentType.HELLO || more.length > 0) {
          throw new ProtocolError(
            `The agent's first message has type ${frame.type}: a hello was expected`,
          );
        }
        resolve(decodeHello(frame.payload));
      } catch (error) {
        reject(error instanceof Error ? error : new ProtocolError(String(error)));
      }
    };
    const onClose = (): void =>
      reject(new AgentError('ERR_AGENT_CLOSED', 'Agent closed the channel before its hello'));
    channel.on('data', onData).on('error', reject).on('close', onClose);
    cleanup.push(() => channel.off('data', onData).off('error', reject).off('close', onClose));
  });
  try {
    const first = await withDeadline(hello, timeoutMs, 'Agent does not say hello', {
      signal,
      code: 'ERR_AGENT_HELLO',
    });
    return AgentLink.adopt(channel, first, parser);
  } finally {
    for (const step of cleanup) step();
  }
}

function noHello(timeoutMs: number, cause: unknown): AgentError {
  return new AgentError('ERR_AGENT_HELLO', `Agent did not say hello within ${timeoutMs / 1000} s`, {
    cause,
  });
}
