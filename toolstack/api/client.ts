// SPDX-License-Identifier: Apache-2.0
// The person or program at the other end of one command.

/** A process of dom0 in the place of a container's first: what it attaches to, and what it has of dom0. */
export interface StandIn {
  shimSocket: string;
  process: number;
  flags: number;
  /** Folder of dom0 that is its root. */
  root: string;
  /** Path of its network namespace; '' for a new one. */
  network: string;
  /** The cgroup.procs that it enters; '' for none. */
  cgroup: string;
  /** The socket that gets its terminal's other end; '' where it has the client's own streams. */
  console: string;
}

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
  /** Leaves a process behind that is a child of the client's and outlives it; resolves with its pid once it has attached. */
  standIn(wish: StandIn): Promise<number>;
}
