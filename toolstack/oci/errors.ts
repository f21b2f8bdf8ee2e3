// SPDX-License-Identifier: Apache-2.0
// What goes wrong in OCI mode, with the codes of docs/errors.md.

import { ThawError } from '../base/errors.js';
import type { OciRecord } from './record.js';

export class OciError extends ThawError {}

/** A field of config.json that does not do, named by its path. */
export function configError(field: string, why: string): OciError {
  return new OciError('ERR_OCI_CONFIG', `config.json: ${field}: ${why}`);
}

/** Its state does not allow that. */
export function stateError(verb: string, { id, state }: Pick<OciRecord, 'id' | 'state'>): OciError {
  return new OciError('ERR_OCI_STATE', `cannot ${verb} container "${id}": it is ${state}`);
}
