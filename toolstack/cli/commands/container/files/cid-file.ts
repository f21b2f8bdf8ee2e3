// SPDX-License-Identifier: Apache-2.0
// --cidfile FILE: writes the container's id to a new file of the client.

import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Client } from '../../../../api/engine.js';
import { describeError, errorCode, ThawError } from '../../../../base/errors.js';
import { stringOption, type Parsed } from '../../../command.js';

/**
 * Runs `make`, which calls `onId` with the container's id. Creates the file first, so that a wrong path fails before there is a container. Removes
 * the file when `make` makes no container. Rejects with ERR_CIDFILE.
 */
export async function withCidFile<T>(
  parsed: Parsed,
  client: Client,
  make: (onId?: (id: string) => void) => Promise<T>,
): Promise<T> {
  const name = stringOption(parsed, 'cidfile');
  if (name === undefined) return make();
  const path = resolve(client.cwd, name);
  const fd = create(name, path);
  let hasId = false;
  try {
    return await make((id) => {
      writeSync(fd, id);
      hasId = true;
    });
  } catch (error) {
    if (!hasId) rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Creates the file. O_EXCL follows no symlink. */
function create(name: string, path: string): number {
  try {
    const { O_WRONLY, O_CREAT, O_EXCL } = constants;
    return openSync(path, O_WRONLY | O_CREAT | O_EXCL, 0o644);
  } catch (cause) {
    const why =
      errorCode(cause) === 'EEXIST'
        ? 'it is there already: remove it, or name another'
        : describeError(cause);
    throw new ThawError('ERR_CIDFILE', `Cannot use --cidfile ${name}: ${why}`, { cause });
  }
}
