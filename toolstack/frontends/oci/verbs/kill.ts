// SPDX-License-Identifier: Apache-2.0
// kill: sends a signal to the container's first process, or ends a container that was not started.

import { constants } from 'node:os';
import { signalNumber } from '../../../base/signals.js';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import type { OciContainer } from '../container/container.js';
import { OciError, stateError } from '../errors.js';

const { SIGCHLD, SIGCONT, SIGKILL, SIGURG, SIGWINCH } = constants.signals;
/** Signals that have no effect on a process that has not begun. */
const IDLE_SIGNALS: readonly number[] = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH];

/** Less than podman waits, in milliseconds. */
const INSIST_MS = 4000;

/** Returns the signal's number. Throws ERR_USAGE. */
export function parseSignal(text: string): number {
  const number = signalNumber(text);
  if (number !== undefined) return number;
  throw new OciError('ERR_USAGE', `unknown signal "${text}"`);
}

/** Rejects with ERR_OCI_STATE while the container is made, and after its end. */
export async function kill(container: OciContainer, signal: number): Promise<void> {
  const { record, sandbox } = container;
  if (record.state === 'creating' || hasEnded(record) || !sandbox) throw stateError('kill', record);
  // A frozen guest takes no signal, so SIGKILL ends the container from dom0.
  const isStill = record.state === 'paused' || container.isPausing;
  if (isStill && signal === SIGKILL) return container.kill();
  // The guest would keep the signal until the process begins.
  if (record.state !== 'created') {
    sandbox.shim.signal(container.first, signal);
    if (signal === SIGKILL) insist(container);
  } else if (!IDLE_SIGNALS.includes(signal))
    await container.end({ exit: { kind: 'signaled', signal } });
}

/** Kills the container if its guest is slow: a guest that is short of memory may take minutes to end a process, and engines wait for seconds. */
function insist(container: OciContainer): void {
  if (container.sharesDomain) return;
  const timer = setTimeout(() => void container.kill(), INSIST_MS).unref();
  void container.finished.then(() => clearTimeout(timer));
}
