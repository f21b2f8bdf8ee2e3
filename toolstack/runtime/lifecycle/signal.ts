// SPDX-License-Identifier: Apache-2.0
// Sends signals to containers of either front end, and ends a container from dom0 that does not die of SIGKILL.

import { constants } from 'node:os';
import { sleep } from '../../base/deadline.js';
import { stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import type { BaseContainer, BaseRecord } from './base-container.js';
import type { Container } from './container.js';
import { isUp } from './lifecycle.js';

type Signalled = Pick<BaseContainer<BaseRecord>, 'first' | 'ended' | 'sandbox'>;

/** Sends a signal to the container's first process. A container without a domain gets none. */
export function sendSignal({ sandbox, first }: Signalled, signal: number): void {
  sandbox?.shim.signal(first, signal);
}

/** Sends SIGKILL, and calls `destroy` where the container has not ended within `ms`. Resolves then, or with the end. */
export async function insist(
  container: Signalled,
  ms: number,
  destroy: () => unknown,
): Promise<void> {
  sendSignal(container, constants.signals.SIGKILL);
  if (!(await isWithin(container.ended, ms))) destroy();
}

/** Resolves with true if the event comes within `ms`, otherwise with false. */
export async function isWithin(event: Promise<unknown>, ms: number): Promise<boolean> {
  const comes = event.then(() => true);
  if (ms === Infinity) return comes;
  const rest = new AbortController();
  const late = sleep(ms, rest.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([comes, late]);
  } finally {
    rest.abort();
  }
}

/** thaw kill: sends a signal to the container's process. Throws ERR_CONTAINER_STATE when it does not run. */
export function killContainer(
  services: ContainerServices,
  container: Container,
  signal: number,
): void {
  const { record, sandbox } = container;
  if (!isUp(record) || !sandbox) throw stateError('signal', record);
  sendSignal(container, signal);
  services.events.tell('kill', record);
}
