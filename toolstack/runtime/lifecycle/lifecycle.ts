// SPDX-License-Identifier: Apache-2.0
// The lifecycle of every container, the administrator's and the engines': which event leads from which state to which.
// No other file writes a state.

import type { ContainerState } from '../../api/container.js';
import { ContainerError } from '../errors.js';

/** A record as far as its lifecycle goes; only advance() may write the state. */
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
  // From either: noticePauses() may see a paused domain before the request that paused it has its answer.
  pause: { from: UP, to: 'paused' },
  resume: { from: UP, to: 'running' },
  // From removing: a container that is removed by force ends on its way.
  exit: { from: [...MAKING, ...UP, 'removing'], to: 'exited' },
  lose: { from: [...MAKING, ...UP, 'removing'], to: 'lost' },
  revertToCreated: { from: ['starting', ...UP, 'removing'], to: 'created' },
  revertToExited: { from: ['starting', ...UP, 'removing'], to: 'exited' },
  revertToLost: { from: ['starting', ...UP, 'removing'], to: 'lost' },
  remove: { from: [...AT_REST, ...UP], to: 'removing' },
  undo: { from: ['creating'], to: 'removing' },
} as const satisfies Record<string, Transition>;

export type LifecycleEvent = keyof typeof LIFECYCLE;

/** The state that follows; undefined where the state does not allow the event. Pure. */
export function nextState(
  state: ContainerState,
  event: LifecycleEvent,
): ContainerState | undefined {
  const { from, to }: Transition = LIFECYCLE[event];
  return from.includes(state) ? to : undefined;
}

/** Moves a record to the state that follows. Throws ERR_LIFECYCLE, which is a defect of the caller. */
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

/** The event that undoes a start or a removal of a container that was in that state before. Pure. */
export function revertTo(state: RestState): LifecycleEvent {
  return REVERTS[state];
}

const REVERTS = {
  created: 'revertToCreated',
  exited: 'revertToExited',
  lost: 'revertToLost',
} as const;

/** Whether it has a process. Pure. */
export function isUp({ state }: HasState): boolean {
  return (UP as readonly ContainerState[]).includes(state);
}

/** Pure. */
export function hasEnded({ state }: HasState): boolean {
  return state === 'exited' || state === 'lost';
}

/** Whether it is complete and has no process, so that it can be started or removed. Pure. */
export function isAtRest(record: HasState): record is { readonly state: RestState } {
  return (AT_REST as readonly ContainerState[]).includes(record.state);
}
