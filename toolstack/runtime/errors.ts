// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a container as its user sees it, and the exit status each of it becomes.

import { errorCode, ThawError } from '../base/errors.js';

export class ContainerError extends ThawError {}

/** What cannot be done with a container as it is now; `verb` as in `Cannot pause`. */
export function stateError(
  verb: string,
  { name, state }: { name: string; state: string },
): ContainerError {
  return new ContainerError(
    'ERR_CONTAINER_STATE',
    `Cannot ${verb} container "${name}": it is ${state}`,
  );
}

/** What a container cannot have for itself, or have done to it, since it shares its domain; `remedy` says what can. */
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
 * The exit statuses of `thaw run` and `thaw exec` when no process of theirs ran: as podman's and docker's. An error that knows a
 * process's status has its own.
 */
export function runFailureStatus(error: unknown): number {
  const code = errorCode(error);
  if (error instanceof ThawError && 'status' in error && typeof error.status === 'number')
    return error.status;
  if (code === 'ERR_AGENT_CMD_NOENT') return 127;
  return code === 'ERR_AGENT_CMD_NOEXEC' ? 126 : 125;
}
