// SPDX-License-Identifier: Apache-2.0
// How a shim is started so that it outlives thawd.

import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Domid } from '../base/ids.js';
import { XS_DATA } from '../agent/wire.js';
import { ShimError } from './shim-client.js';

/** The socket of the shim that serves the sandbox in `folder`. */
export function shimSocket(folder: string): string {
  return join(folder, 'shim.sock');
}

/** Starts thaw-shim for a domain, detached, with its messages in FOLDER/shim.log. Resolves with its pid; it is not ready yet. */
export async function startShim(program: string, domid: Domid, folder: string): Promise<number> {
  const log = await open(join(folder, 'shim.log'), 'a', 0o600);
  try {
    const args = [
      '--domid',
      String(domid),
      '--vchan',
      `/local/domain/${domid}/${XS_DATA}`,
      '--dir',
      folder,
    ];
    const child = spawn(program, args, {
      detached: true,
      cwd: '/',
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', (cause) =>
        reject(new ShimError('ERR_SHIM_START', `Cannot start ${program}`, { cause })),
      );
    });
    child.unref();
    if (child.pid === undefined)
      throw new ShimError('ERR_SHIM_START', `Cannot start ${program}: it has no pid`);
    return child.pid;
  } finally {
    await log.close();
  }
}
