// SPDX-License-Identifier: Apache-2.0
// The person or program that gave a command.

/** A stand-in: a process of dom0 in the place of a container's first process. */
export interface StandIn {
  shimSocket: string;
  process: number;
  flags: number;
  /** The stand-in's root, a directory of dom0. */
  root: string;
  /** Path of the stand-in's network namespace; '' for a new one. */
  network: string;
  /** Path of the cgroup.procs that the stand-in enters; '' for none. */
  cgroup: string;
  /** Socket that gets the other end of the terminal; '' where the stand-in has the client's own streams. */
  console: string;
}

/** Host files as a client without thawd's rights may use them. */
export interface ClientFiles {
  /** Returns the text of a file that the command's options name, read with the client's rights. Throws where it could not be read. */
  text(path: string): string;
}

export interface Client {
  cwd: string;
  env: Record<string, string>;
  isTerminal: { stdin: boolean; stdout: boolean; stderr: boolean };
  rows: number;
  cols: number;
  /** Keys that detach the client's terminal from a process when they are typed in a row; empty for none. */
  detachKeys: Buffer;
  /** Aborts when the client has disconnected or was asked to stop. */
  signal: AbortSignal;
  out(data: string | Buffer): void;
  err(data: string | Buffer): void;
  /** Resolves once the written output is on its way, so that long output does not pile up. */
  drained(): Promise<void>;
  /**
   * Yields the bytes of the client's standard input. It may be called once, and not beside join(). A signal to the client aborts
   * `signal`, as before the call.
   */
  input(): AsyncIterable<Buffer>;
  /** Has the client take a process's streams from a shim. Resolves once the client has attached there. */
  join(shimSocket: string, process: number, flags: number): Promise<void>;
  /**
   * Decides whether the client may give a command, by the values of its options and its words. Rejects with ERR_POLICY_DENIED. Missing for a
   * client that may do everything.
   */
  admit?(command: string, options: Readonly<Record<string, readonly unknown[]>>): Promise<void>;
  /** Missing for a client that has thawd's own rights to host files. */
  files?: ClientFiles;
  /** Has the client start a stand-in that outlives it. Resolves with the stand-in's pid once that has attached. */
  standIn(wish: StandIn): Promise<number>;
}
