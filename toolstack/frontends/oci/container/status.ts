// SPDX-License-Identifier: Apache-2.0
// Maps the states of the lifecycle to the states of the runtime specification (runtime.md, State).

import type { ContainerState } from '../../../api/container.js';
import type { ExitStatus } from '../../../api/wire.js';

/** The specification's states, and `paused`, which runc adds. */
export type OciStatus = 'creating' | 'created' | 'running' | 'paused' | 'stopped';

const STATUSES = {
  creating: 'creating',
  created: 'created',
  starting: 'created',
  running: 'running',
  paused: 'paused',
  exited: 'stopped',
  lost: 'stopped',
  removing: 'stopped',
} as const satisfies Record<ContainerState, OciStatus>;

/** Returns the state that a container engine sees, and that state.json has. Pure. */
export function statusOf(state: ContainerState): OciStatus {
  return STATUSES[state];
}

/** Returns the state of a container with that word in its state.json. Pure. */
export function stateFrom(status: OciStatus, exit: ExitStatus | undefined): ContainerState {
  return status === 'stopped' ? (exit ? 'exited' : 'lost') : status;
}
