// SPDX-License-Identifier: Apache-2.0
// Errors of checkpoint files, as their users see them.

import { errorCode, ThawError } from '../base/errors.js';

/** ERR_CHECKPOINT_FILE, ERR_CHECKPOINT_DAMAGED, ERR_CHECKPOINT_HOST, or ERR_DISK. */
export class CheckpointError extends ThawError {}

export function damaged(path: string, why: string): CheckpointError {
  return new CheckpointError(
    'ERR_CHECKPOINT_DAMAGED',
    `Cannot restore from ${path}: ${why}; copy it again from where it was made, or make another checkpoint`,
  );
}

/** Turns a system error of a write into ERR_DISK or ERR_CHECKPOINT_FILE. Returns any other error unchanged. */
export function writeFailure(path: string, error: unknown): unknown {
  const code = errorCode(error) ?? '';
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new CheckpointError(
      'ERR_DISK',
      `Cannot write ${path}: its file system is full; make room, or choose another place`,
      { cause: error },
    );
  if (!isSystems(error)) return error;
  return new CheckpointError('ERR_CHECKPOINT_FILE', `Cannot write ${path}`, { cause: error });
}

export function readFailure(path: string, error: unknown): unknown {
  if (!isSystems(error)) return error;
  return new CheckpointError('ERR_CHECKPOINT_FILE', `Cannot read ${path}`, { cause: error });
}

function isSystems(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
