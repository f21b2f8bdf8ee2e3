// SPDX-License-Identifier: Apache-2.0
// The person or program at the other end of one command.

export interface Client {
  cwd: string;
  env: Record<string, string>;
  isTerminal: { stdin: boolean; stdout: boolean; stderr: boolean };
  rows: number;
  cols: number;
  /** Typed in a row on a terminal that is a process's, they let go of it; empty for none. */
  detachKeys: Buffer;
  /** Aborts when the client is gone or asked to stop. */
  signal: AbortSignal;
  out(data: string | Buffer): void;
  err(data: string | Buffer): void;
  /** Resolves once what was written is on its way, so that long output does not pile up. */
  drained(): Promise<void>;
  /**
   * What the client is fed on its standard input. Once, and not beside join(). A client that is signalled from now on is asked to stop as
   * before.
   */
  input(): AsyncIterable<Buffer>;
  /** Hands the client over to a shim for a process's streams; resolves once it has attached there. */
  join(shimSocket: string, process: number, flags: number): Promise<void>;
}
