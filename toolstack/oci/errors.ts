// SPDX-License-Identifier: Apache-2.0
// What goes wrong in OCI mode, with the codes of docs/errors.md.

import { errorCode, ThawError } from '../base/errors.js';
import type { OciRecord } from './record.js';

export class OciError extends ThawError {}

/** A field of config.json that does not do, named by its path. */
export function configError(field: string, why: string): OciError {
  return new OciError('ERR_OCI_CONFIG', `config.json: ${field}: ${why}`);
}

/** Its state does not allow that. */
export function stateError(verb: string, { id, state }: Pick<OciRecord, 'id' | 'state'>): OciError {
  // containerd knows by runc's words that there is nothing to kill.
  const known = verb === 'kill' && state === 'stopped' ? ': container not running' : '';
  return new OciError('ERR_OCI_STATE', `cannot ${verb} container "${id}": it is ${state}${known}`);
}

/** A program that cannot be run, in the words by which engines tell it from other failures (runc's, os/exec of Go). */
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
