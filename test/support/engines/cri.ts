// SPDX-License-Identifier: Apache-2.0
// A client of a CRI service, like a kubelet: gRPC calls, and the streams of Exec and Attach over the web socket that they name.

import { once } from 'node:events';
import { credentials, loadPackageDefinition, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import WebSocket from 'ws';

type Answer = Record<string, unknown>;
type Call = (
  request: object,
  options: { deadline: number },
  done: (error: ServiceError | null, answer: Answer) => void,
) => void;

const CALL_MS = 180_000;

export class CriClient {
  readonly #client: Record<string, Call> & { close(): void };

  /** `proto` is test/fixtures/cri.proto. */
  constructor(socket: string, proto: string) {
    const definition = loadSync(proto, { keepCase: true, longs: Number, enums: String });
    const { runtime } = loadPackageDefinition(definition) as unknown as {
      runtime: { v1: { RuntimeService: new (...words: unknown[]) => never } };
    };
    this.#client = new runtime.v1.RuntimeService(`unix://${socket}`, credentials.createInsecure());
  }

  /** Makes a call. Rejects with the service's error. */
  async call<T = Answer>(method: string, request: object): Promise<T> {
    return new Promise((resolve, reject) => {
      const client = this.#client;
      const began = Date.now();
      const options = { deadline: began + CALL_MS };
      client[method]?.call(client, request, options, (error, answer) =>
        error
          ? reject(new Error(`${method}, after ${Date.now() - began} ms: ${error.message}`))
          : resolve(answer as T),
      );
    });
  }

  /** Returns a command's status and output. */
  async execSync(
    container: string,
    ...cmd: string[]
  ): Promise<{ status: number; stdout: string; stderr: string }> {
    const request = { container_id: container, cmd, timeout: 60 };
    const answer = await this.call<{ exit_code?: number; stdout?: Buffer; stderr?: Buffer }>(
      'ExecSync',
      request,
    );
    const { exit_code: status = 0, stdout = '', stderr = '' } = answer;
    return { status, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  close(): void {
    this.#client.close();
  }
}

/** Kubernetes' channels on a web socket (v4.channel.k8s.io): the first byte of each message. */
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, error: 3, resize: 4 };

export interface Streamed {
  stdout: string;
  stderr: string;
  /** The service's report of the end; '' without a report, as for Attach. */
  end: string;
}

/** The streams behind such an address. The opener closes them, or waits for their end. */
export class CriStream {
  readonly #socket: WebSocket;
  readonly #got: Streamed = { stdout: '', stderr: '', end: '' };
  readonly #ended: Promise<unknown>;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#ended = once(socket, 'close');
    socket.on('message', (data: Buffer) => {
      const text = data.subarray(1).toString();
      if (data[0] === CHANNEL.stdout) this.#got.stdout += text;
      if (data[0] === CHANNEL.stderr) this.#got.stderr += text;
      if (data[0] === CHANNEL.error) this.#got.end += text;
    });
  }

  static async open(url: string): Promise<CriStream> {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), ['v4.channel.k8s.io']);
    const stream = new CriStream(socket);
    await once(socket, 'open');
    return stream;
  }

  get got(): Readonly<Streamed> {
    return this.#got;
  }

  write(text: string): void {
    this.#send(CHANNEL.stdin, text);
  }

  resize(cols: number, rows: number): void {
    this.#send(CHANNEL.resize, JSON.stringify({ Width: cols, Height: rows }));
  }

  /** Resolves when the service has closed the streams. */
  async ended(): Promise<Streamed> {
    await this.#ended;
    return this.#got;
  }

  async close(): Promise<void> {
    this.#socket.close();
    await this.#ended;
  }

  #send(channel: number, text: string): void {
    this.#socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));
  }
}
