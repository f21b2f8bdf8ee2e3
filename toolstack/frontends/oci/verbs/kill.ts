// SPDX-License-Identifier: Apache-2.0
// kill: sends a signal to the container's first process, or ends a container that was not started.

import { constants } from 'node:os';
import { signalNumber } from '../../../base/signals.js';
import { hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import { insist, sendSignal } from '../../../runtime/lifecycle/signal.js';
import type { OciContainer } from '../container/container.js';
import { OciError, stateError } from '../errors.js';

const { SIGCHLD, SIGCONT, SIGKILL, SIGURG, SIGWINCH } = constants.signals;
/** Signals that have no effect on a process that has not begun. */
const IDLE_SIGNALS: readonly number[] = [SIGCHLD, SIGCONT, SIGURG, SIGWINCH];

/** Milliseconds, less than podman waits. A guest that is short of memory may take minutes to end a process. */
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
  if (record.state === 'created') {
    // The guest would keep the signal until the process begins.
    if (!IDLE_SIGNALS.includes(signal)) await container.end({ exit: { kind: 'signaled', signal } });
  } else if (signal === SIGKILL && !container.sharesDomain)
    void insist(container, INSIST_MS, () => container.kill());
  else sendSignal(container, signal);
}
