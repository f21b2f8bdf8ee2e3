// SPDX-License-Identifier: Apache-2.0
// Defines the errors of containers that a user sees, and the exit status for each.

import { errorCode, ThawError } from '../base/errors.js';

export class ContainerError extends ThawError {}

/** Returns the error for an action that the container's state does not allow; `verb` as in `Cannot pause`. */
export function stateError(
  verb: string,
  { name, state }: { name: string; state: string },
): ContainerError {
  return new ContainerError(
    'ERR_CONTAINER_STATE',
    `Cannot ${verb} container "${name}": it is ${state}`,
  );
}

/** Returns the error for an action or property that is impossible in a shared domain; `remedy` names the alternative. */
export function inPod(
  verb: string,
  { name, pod }: { name: string; pod?: { name: string } },
  remedy: string,
): ContainerError {
  return new ContainerError(
    'ERR_CONTAINER_POD',
    `Cannot ${verb} container "${name}": it shares its domain with pod "${pod?.name ?? ''}"; ${remedy}`,
  );
}

/**
 * Returns the exit status of `thaw run` and `thaw exec` when no process of theirs ran, as with podman and docker. An error that knows a
 * process's status has its own.
 */
export function runFailureStatus(error: unknown): number {
  const code = errorCode(error);
  if (error instanceof ThawError && 'status' in error && typeof error.status === 'number')
    return error.status;
  if (code === 'ERR_AGENT_CMD_NOENT') return 127;
  return code === 'ERR_AGENT_CMD_NOEXEC' ? 126 : 125;
}
