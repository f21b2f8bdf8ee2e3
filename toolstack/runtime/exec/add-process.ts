// SPDX-License-Identifier: Apache-2.0
// Adds a process to a running container: the shim expects it, a client or stand-in joins its streams, the agent begins it.

import { constants } from 'node:os';
import { Forget, type ExitStatus } from '../../api/wire.js';
import type { Steps } from '../../base/steps.js';
import { mayHaveStarted } from '../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Execs } from '../../sandbox/shim/execs.js';

export interface AddedProcess {
  flags: number;
  /** Connects the owner of the process's streams to the shim. Nothing reads the streams if `join` is undefined. */
  join?: ((process: number) => Promise<void>) | undefined;
  /** Asks the agent to begin the process. */
  begin: (process: number) => Promise<void>;
  /** True when the owner of the streams learns of a refusal only from the shim, not from thawd. */
  hearsShimOnly?: boolean;
  /** Called before the shim forgets a process that did not begin. */
  onFailed?: (process: number) => void;
  /** Aborts when the caller no longer wants the process. */
  signal?: AbortSignal;
  steps?: (process: number) => Steps;
}

/**
 * Resolves when the process runs, with its number and a promise of its end, which is undefined when the container is lost. Rejects as
 * `begin` does, and leaves nothing of the process. A process that may have begun without thawd's knowledge is killed.
 */
export async function addProcess(
  { execs, sandbox: { shim } }: { execs: Execs; sandbox: Pick<ContainerSandbox, 'shim'> },
  { flags, join, begin, hearsShimOnly = false, onFailed, signal, steps }: AddedProcess,
): Promise<{ id: number; ended: Promise<ExitStatus | undefined> }> {
  const { id, ended } = execs.add();
  const timed = steps?.(id);
  const time = (step: string, run: Promise<void>): Promise<void> => timed?.time(step, run) ?? run;
  try {
    await time('expect', shim.expect(id, flags, '', ''));
    try {
      if (join) await time('join', join(id));
      signal?.throwIfAborted();
      await time('exec', begin(id));
    } catch (error) {
      if (mayHaveStarted(error)) shim.signal(id, constants.signals.SIGKILL);
      onFailed?.(id);
      const isTold = !hearsShimOnly && !mayHaveStarted(error);
      shim.forget(id, isTold ? Forget.REFUSED : Forget.LEFT);
      throw error;
    }
    return { id, ended };
  } catch (error) {
    execs.end(id);
    throw error;
  } finally {
    timed?.done();
  }
}
