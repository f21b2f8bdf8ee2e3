// SPDX-License-Identifier: Apache-2.0
// One launcher's connection: its request, the output that goes back, and its end in an exit status; or its standard input.

import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { StandIn } from '../api/client.js';
import type { Client, Engine } from '../api/engine.js';
import { ApiType, decodeRequest, ProcessFlag, REQUEST_MAX, type Request } from '../api/wire.js';
import { describeError, ThawError } from '../base/errors.js';
import { abortReason, withDeadline } from '../base/deadline.js';
import {
  encodeFields,
  encodeFrame,
  FrameParser,
  ProtocolError,
  type Frame,
} from '../base/frame.js';
import type { Log } from '../base/log.js';
import { printable } from '../base/text.js';
import { runCommandLine } from '../cli/main.js';
import { runFailureStatus } from '../runtime/errors.js';
import { ociSubject, ociWords, runOci, type OciContainers } from '../frontends/oci/index.js';
import type { Caller } from '../policy/index.js';
import type { Admission, Gate } from './gate.js';
import type { ClientInput, Inputs } from './input.js';
import { callerOf } from './peer.js';
import { Relay } from './relay.js';

/** The front ends: thaw's own commands, and those of the OCI runtime where there is one. */
export interface Served {
  engine: Engine;
  oci?: OciContainers | undefined;
  /** Decides who may do what; without one, every client may do everything. */
  gate?: Gate | undefined;
  /** Folder for the sockets of clients without root's rights. */
  joinFolder?: string | undefined;
}

export class Session {
  readonly #socket: Socket;
  readonly #served: Served;
  readonly #log: Log;
  readonly #inputs: Inputs;
  readonly #abort = new AbortController();
  readonly #caller: Caller | undefined;
  readonly #relays: Relay[] = [];
  #joined: ((error?: Error) => void) | undefined;
  #stoodIn: { resolve: (pid: number) => void; reject: (error: Error) => void } | undefined;
  #hasRequest = false;
  /** The client's standard input, once a command reads it. */
  #input: ClientInput | undefined;
  /** The input that this connection carries in place of a request. */
  #brings: ClientInput | undefined;

  constructor(socket: Socket, served: Served, log: Log, inputs: Inputs) {
    this.#socket = socket;
    this.#served = served;
    this.#log = log;
    this.#inputs = inputs;
    // The kernel remembers the credentials of the connect(2), and Node the descriptor until the connection closes.
    this.#caller = served.gate && callerOf(socket);
    const parser = new FrameParser(REQUEST_MAX);
    socket.on('data', (chunk: Buffer) => this.#receive(parser, chunk));
    socket.on('error', () => undefined);
    socket.on('close', () => this.#stop(new ThawError('ERR_CLIENT_GONE', 'The client went away')));
  }

  #receive(parser: FrameParser, chunk: Buffer): void {
    try {
      for (const frame of parser.push(chunk)) this.#handle(frame);
    } catch (error) {
      this.#log.warn('Closing a connection that broke the protocol', { error });
      this.#send(ApiType.OUTPUT, 0, 2, Buffer.from(`thaw: ${describeError(error)}\n`));
      this.#stop(error instanceof Error ? error : new ProtocolError(String(error)));
      this.#done(125);
    }
  }

  #handle(frame: Frame): void {
    if (this.#brings) return this.#brings.handle(frame);
    switch (frame.type) {
      case ApiType.REQUEST: {
        if (this.#hasRequest) throw new ProtocolError('A launcher may ask once');
        this.#hasRequest = true;
        const request = decodeRequest(frame.payload);
        void this.#serve(request);
        return;
      }
      case ApiType.ATTACH:
        if (this.#hasRequest) throw new ProtocolError('A launcher brings input on its own');
        this.#brings = this.#inputs.take(frame.id, this.#caller?.uid);
        return this.#brings.attach((type, id, arg, payload) => this.#send(type, id, arg, payload));
      case ApiType.JOINED:
        return this.#joined?.();
      case ApiType.STOOD_IN:
        return this.#hearStandIn(frame);
      case ApiType.CANCEL:
        return this.#stop(new ThawError('ERR_CANCELLED', 'Cancelled'));
      default:
        throw new ProtocolError(`The launcher sent a message of unknown type ${frame.type}`);
    }
  }

  async #serve(request: Request): Promise<void> {
    const { engine, oci, gate } = this.#served;
    const [, ...words] = request.argv;
    let status: number;
    try {
      const admission = gate && this.#caller && (await gate.admit(this.#caller, engine));
      const client = this.#client(request, admission);
      const ofRuntime = oci && ociWords(request.argv);
      status = ofRuntime
        ? await this.#runOci(ofRuntime, client, oci, admission)
        : await runCommandLine(words, client, admission?.engine ?? engine, runFailureStatus);
    } catch (error) {
      this.#send(ApiType.OUTPUT, 0, 2, Buffer.from(`thaw: ${describeError(error)}\n`));
      status = 125;
    }
    this.#done(status);
  }

  /** Container engines are root's: their requests name host folders, and thawd opens them with its own rights. */
  async #runOci(
    words: string[],
    client: Client,
    oci: OciContainers,
    admission: Admission | undefined,
  ): Promise<number> {
    if (!admission) return runOci(words, client, oci);
    const { guard } = admission;
    const { verb, id, isChange } = ociSubject(words);
    guard.verb = `oci ${verb}`;
    if (guard.isLimited)
      throw guard.denied('default', "a runtime of engines is root's alone", [id]);
    if (!isChange) return runOci(words, client, oci);
    const run = async () => ({ status: await runOci(words, client, oci) });
    return (await guard.change([id], run)).status;
  }

  #client(request: Request, admission: Admission | undefined): Client {
    const output = (stream: number, data: Buffer): void => {
      for (let at = 0; at < data.length; at += OUTPUT_CHUNK) {
        this.#send(ApiType.OUTPUT, 0, stream, data.subarray(at, at + OUTPUT_CHUNK));
      }
    };
    const client: Client = {
      cwd: request.cwd,
      env: parseEnv(request.env),
      isTerminal: request.ttys,
      rows: request.rows,
      cols: request.cols,
      signal: this.#abort.signal,
      out: (data) => output(1, Buffer.from(data)),
      err: (data) => output(2, Buffer.from(data)),
      drained: () => this.#drained(),
      input: () => this.#readInput(),
      detachKeys: DETACH_KEYS,
      join: async (path, process, flags) => {
        const reachable = admission?.guard.isLimited === true ? this.#relay(path, process) : path;
        await this.#join(await reachable, process, flags, client.detachKeys);
      },
      standIn: (wish) => this.#standIn(wish),
      ...admission?.gated(request.cwd, this.#abort.signal),
    };
    return client;
  }

  /** Resolves with a socket by which a caller without root's rights reaches one process alone. */
  async #relay(shimPath: string, process: number): Promise<string> {
    const { joinFolder } = this.#served;
    if (joinFolder === undefined || !this.#caller)
      throw new ThawError('ERR_USAGE', 'thawd has no folder for the sockets of its clients');
    const relay = await Relay.open(joinFolder, shimPath, process, this.#caller, this.#log);
    this.#relays.push(relay);
    // The client went away meanwhile, so #stop() could not close the relay.
    if (this.#abort.signal.aborted) {
      await relay.close();
      throw abortReason(this.#abort.signal);
    }
    return relay.path;
  }

  #readInput(): ClientInput {
    const stop = (): void => this.#stop(new ThawError('ERR_CANCELLED', 'Cancelled'));
    const input = this.#inputs.expect(stop, this.#caller?.uid);
    this.#input = input;
    // The request was cancelled before a command read its input, so #stop() could not tell the input.
    if (this.#abort.signal.aborted) {
      input.fail(abortReason(this.#abort.signal));
      return input;
    }
    const where = encodeFields([this.#inputs.socketPath]);
    this.#send(ApiType.JOIN, input.id, ProcessFlag.STDIN, where);
    return input;
  }

  async #join(path: string, process: number, flags: number, keys: Buffer): Promise<void> {
    const joined = new Promise<void>((resolve, reject) => {
      this.#joined = (error) => (error ? reject(error) : resolve());
    });
    this.#send(ApiType.JOIN, process, flags, encodeFields(keys.length > 0 ? [path, keys] : [path]));
    await withDeadline(joined, JOIN_MS, 'Launcher does not attach to the shim', {
      signal: this.#abort.signal,
    });
  }

  async #standIn(wish: StandIn): Promise<number> {
    const { shimSocket, process, flags, root, network, cgroup, console } = wish;
    const stoodIn = new Promise<number>((resolve, reject) => {
      this.#stoodIn = { resolve, reject };
    });
    const fields = encodeFields([shimSocket, root, network, cgroup, console]);
    this.#send(ApiType.STAND_IN, process, flags, fields);
    return withDeadline(stoodIn, JOIN_MS, 'Launcher leaves no stand-in', {
      signal: this.#abort.signal,
    });
  }

  #hearStandIn({ arg: pid, payload }: Frame): void {
    if (pid > 0) return this.#stoodIn?.resolve(pid);
    const text = printable(payload.toString('utf8'), 500);
    this.#stoodIn?.reject(new ThawError('ERR_STAND_IN', text));
  }

  async #drained(): Promise<void> {
    if (!this.#socket.writableNeedDrain) return;
    await once(this.#socket, 'drain', { signal: this.#abort.signal });
  }

  #stop(reason: Error): void {
    this.#joined?.(reason);
    this.#input?.fail(reason);
    this.#brings?.fail(reason);
    this.#abort.abort(reason);
    for (const relay of this.#relays) void relay.closeUnused();
  }

  #send(type: number, id: number, arg: number, payload?: Buffer): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(type, id, arg, payload));
  }

  #done(status: number): void {
    if (this.#input) {
      this.#inputs.forget(this.#input);
      this.#input.close();
    }
    this.#send(ApiType.DONE, 0, status);
    this.#socket.end();
  }
}

/** Ctrl-P, Ctrl-Q, as in podman and docker. */
const DETACH_KEYS = Buffer.from([0x10, 0x11]);
const JOIN_MS = 60_000;
const OUTPUT_CHUNK = 65536;

function parseEnv(env: string[]): Record<string, string> {
  return Object.fromEntries(
    env.map((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [item, ''] : [item.slice(0, at), item.slice(at + 1)];
    }),
  );
}
