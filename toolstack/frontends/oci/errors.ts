// SPDX-License-Identifier: Apache-2.0
// Errors of OCI mode, with the codes of docs/errors.md.

import { errorCode, errorMessage, ThawError } from '../../base/errors.js';
import type { HasState } from '../../runtime/lifecycle/lifecycle.js';
import { refusalReason } from '../../runtime/snapshot/snapshot.js';
import { statusOf } from './container/status.js';

/** The part of a container's record that error messages name. */
type Named = { id: string };

export class OciError extends ThawError {}

/** Returns the error for a field of config.json that cannot be used. `field` is its path. */
export function configError(field: string, why: string): OciError {
  return new OciError('ERR_OCI_CONFIG', `config.json: ${field}: ${why}`);
}

/** Returns the error for a verb that the container's state does not allow. */
export function stateError(verb: string, { id, state }: HasState & Named): OciError {
  const status = statusOf(state);
  // containerd searches the message for runc's words, and takes them to mean that there is nothing to kill.
  const known = verb === 'kill' && status === 'stopped' ? ': container not running' : '';
  return new OciError('ERR_OCI_STATE', `cannot ${verb} container "${id}": it is ${status}${known}`);
}

/** Returns the error for a verb that a checkpoint under way excludes. */
export function savingError(verb: string, { id }: Named): OciError {
  return new OciError(
    'ERR_OCI_STATE',
    `cannot ${verb} container "${id}": it is being checkpointed; try again`,
  );
}

/** Returns the error for a container that cannot be checkpointed. */
export function checkpointError({ id }: Named, why: string, cause?: unknown): OciError {
  const message = `cannot checkpoint container "${id}": ${why}`;
  return new OciError('ERR_OCI_CHECKPOINT', message, { cause });
}

/** Remedies by the agent's error codes. The message has the remedy behind the agent's own words. */
const REMEDIES: Readonly<Record<string, string>> = {
  ERR_AGENT_TCP: 'they cannot go on in another domain; close them first',
  ERR_AGENT_STREAMS:
    'nobody would be at its other end; run it without a terminal and an open stdin',
  ERR_AGENT_VOLUME: 'it cannot go along; run the container without it',
  ERR_AGENT_BUSY: 'wait until it has ended, or end it',
};

/** Returns the error of a failed checkpoint, in words for the container's user where the container is the reason; else `cause` itself. */
export function refusal(
  record: Named & { sandbox: { files?: readonly { path: string }[] | undefined } },
  cause: unknown,
): unknown {
  const code = errorCode(cause) ?? '';
  const why =
    code === 'ERR_SHIM_REFUSED'
      ? fileTrouble(errorMessage(cause), record.sandbox.files ?? [])
      : REMEDIES[code] && `${refusalReason(cause)}; ${REMEDIES[code]}`;
  return why === undefined ? cause : checkpointError(record, why, cause);
}

/** A shim from before an upgrade says stash and take up. */
const FILE_TROUBLE = /^Shim refused: Cannot (?:save|restore|stash|take up) (\d+)(\/.*?)?: (.*)$/s;

/** Returns a 9P server's complaint about a file, with the path in place of the share's number; undefined for any other text. Pure. */
export function fileTrouble(text: string, files: readonly { path: string }[]): string | undefined {
  const found = FILE_TROUBLE.exec(text);
  const [, index, below = '', why] = found ?? [];
  const path = files[Number(index)]?.path;
  return path === undefined ? undefined : `${path}${below}: ${why}`;
}

/** Returns the error for a program that cannot run, in the words of runc (Go's os/exec), by which container engines recognise this failure. */
export function programError(error: unknown, [name = '']: readonly string[]): unknown {
  const why = { ERR_AGENT_CMD_NOENT: notThere(name), ERR_AGENT_CMD_NOEXEC: 'permission denied' };
  const code = errorCode(error);
  return code === 'ERR_AGENT_CMD_NOENT' || code === 'ERR_AGENT_CMD_NOEXEC'
    ? new OciError(code, `exec: "${name}": ${why[code]}`, { cause: error })
    : error;
}

function notThere(name: string): string {
  return name.includes('/')
    ? `stat ${name}: no such file or directory`
    : 'executable file not found in $PATH';
}
