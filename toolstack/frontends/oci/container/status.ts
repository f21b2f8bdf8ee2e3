// SPDX-License-Identifier: Apache-2.0
// The states of the runtime specification (runtime.md, State), as a view of the states of the lifecycle.

import type { ContainerState } from '../../../api/container.js';
import type { ExitStatus } from '../../../api/wire.js';

/** Those of the specification, and `paused`, which runc has too. */
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

/** The state that an engine sees, and that state.json has. Pure. */
export function statusOf(state: ContainerState): OciStatus {
  return STATUSES[state];
}

/** The state of a container with that word in its state.json. Pure. */
export function stateFrom(status: OciStatus, exit: ExitStatus | undefined): ContainerState {
  return status === 'stopped' ? (exit ? 'exited' : 'lost') : status;
}
