// SPDX-License-Identifier: Apache-2.0
// Finds the user behind a connection to a unix socket.

import type { Socket } from 'node:net';
import { peerCredentials } from '../../bindings/index.js';
import { ThawError } from '../base/errors.js';
import type { Caller } from '../policy/index.js';

/** Returns the peer's credentials at the time of its connect(2). Throws for a connection that is closed already. */
export function callerOf(socket: Socket): Caller {
  // Node has no public name for a socket's descriptor.
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } | null };
  const fd = handle?.fd;
  if (typeof fd !== 'number' || fd < 0)
    throw new ThawError('ERR_CLIENT_GONE', 'The client went away');
  return peerCredentials(fd);
}
