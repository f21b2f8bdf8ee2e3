// SPDX-License-Identifier: Apache-2.0
// Defines the lifecycle of every container, the administrator's and the container engines': the states, and the events between them.
// No other file writes a state.

import type { ContainerState } from '../../api/container.js';
import { ContainerError } from '../errors.js';

/** The part of a record that the lifecycle needs. Only advance() may write the state. */
export interface HasState {
  readonly state: ContainerState;
}

const AT_REST = ['created', 'exited', 'lost'] as const;
const UP = ['running', 'paused'] as const;
const MAKING = ['creating', 'created', 'starting'] as const;

interface Transition {
  from: readonly ContainerState[];
  to: ContainerState;
}

/** docs/architecture.md shows the same table, with what each event means. */
export const LIFECYCLE = {
  make: { from: ['creating'], to: 'created' },
  start: { from: AT_REST, to: 'starting' },
  run: { from: ['creating', 'starting'], to: 'running' },
  reattach: { from: [...MAKING, ...UP], to: 'running' },
  // From both states: noticePauses() may see a paused domain before the request that paused it has its answer.
  pause: { from: UP, to: 'paused' },
  resume: { from: UP, to: 'running' },
  // Also from removing: a container that is removed by force ends during its removal.
  exit: { from: [...MAKING, ...UP, 'removing'], to: 'exited' },
  lose: { from: [...MAKING, ...UP, 'removing'], to: 'lost' },
  revertToCreated: { from: ['starting', ...UP, 'removing'], to: 'created' },
  revertToExited: { from: ['starting', ...UP, 'removing'], to: 'exited' },
  revertToLost: { from: ['starting', ...UP, 'removing'], to: 'lost' },
  remove: { from: [...AT_REST, ...UP], to: 'removing' },
  undo: { from: ['creating'], to: 'removing' },
} as const satisfies Record<string, Transition>;

export type LifecycleEvent = keyof typeof LIFECYCLE;

/** Returns the next state, or undefined when the state does not allow the event. Pure. */
export function nextState(
  state: ContainerState,
  event: LifecycleEvent,
): ContainerState | undefined {
  const { from, to }: Transition = LIFECYCLE[event];
  return from.includes(state) ? to : undefined;
}

/** Moves a record to the next state. Throws ERR_LIFECYCLE, which is a defect of the caller. */
export function advance(record: HasState & { readonly id: string }, event: LifecycleEvent): void {
  const { id, state } = record;
  const next = nextState(state, event);
  if (next === undefined)
    throw new ContainerError(
      'ERR_LIFECYCLE',
      `Container ${id} is ${state}, which does not allow "${event}": this is a defect of thaw; please report it`,
    );
  (record as { state: ContainerState }).state = next;
}

export type RestState = (typeof AT_REST)[number];

/** Returns the event that undoes a start or a removal and leads back to `state`. Pure. */
export function revertTo(state: RestState): LifecycleEvent {
  return REVERTS[state];
}

const REVERTS = {
  created: 'revertToCreated',
  exited: 'revertToExited',
  lost: 'revertToLost',
} as const;

/** True while the container has a process. Pure. */
export function isUp({ state }: HasState): boolean {
  return (UP as readonly ContainerState[]).includes(state);
}

/** Pure. */
export function hasEnded({ state }: HasState): boolean {
  return state === 'exited' || state === 'lost';
}

/** True for a complete container without a process, which can be started or removed. Pure. */
export function isAtRest(record: HasState): record is { readonly state: RestState } {
  return (AT_REST as readonly ContainerState[]).includes(record.state);
}
