// SPDX-License-Identifier: Apache-2.0
// Opens the transport that this host offers: the daemon's socket or the kernel's xenbus device.

import { stat } from 'node:fs/promises';
import { errorCode } from '../toolstack/base/errors.js';
import { XenstoreError } from './errors.js';
import type { Transport } from './transport.js';
import { openSocketTransport } from './transport-socket.js';
import { openXenbusTransport } from './transport-xenbus.js';

const SOCKET_PATHS = ['/run/xenstored/socket', '/var/run/xenstored/socket'];
const XENBUS_PATHS = ['/dev/xen/xenbus', '/proc/xen/xenbus'];

/**
 * Opens `path`, else XENSTORED_PATH, else the first of the usual sockets and devices that exists. Throws ERR_XENSTORE_CONNECT, or
 * ERR_XENSTORE_TIMEOUT when a socket accepts no connection within `timeoutMs`.
 */
export async function openTransport(
  path: string | undefined,
  timeoutMs: number,
): Promise<Transport> {
  const named = path ?? process.env['XENSTORED_PATH'];
  const candidates = named === undefined ? [...SOCKET_PATHS, ...XENBUS_PATHS] : [named];
  for (const candidate of candidates) {
    const kind = await kindOf(candidate);
    if (kind === 'socket') return openSocketTransport(candidate, timeoutMs);
    if (kind === 'device') return openXenbusTransport(candidate);
    if (kind === 'other')
      throw new XenstoreError(
        'ERR_XENSTORE_CONNECT',
        `Cannot connect to xenstored: ${candidate} is neither a socket nor a character device`,
        { path: candidate },
      );
  }
  throw new XenstoreError(
    'ERR_XENSTORE_CONNECT',
    `Cannot connect to xenstored: no ${candidates.join(', ')}; boot Xen and start xenstored`,
    { path: named },
  );
}

async function kindOf(path: string): Promise<'socket' | 'device' | 'other' | 'absent'> {
  try {
    const stats = await stat(path);
    if (stats.isSocket()) return 'socket';
    return stats.isCharacterDevice() ? 'device' : 'other';
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT' || errorCode(cause) === 'ENOTDIR') return 'absent';
    throw connectError(path, cause);
  }
}

function connectError(path: string, cause: unknown): XenstoreError {
  const state = errorCode(cause) ?? 'unknown failure';
  return new XenstoreError(
    'ERR_XENSTORE_CONNECT',
    `Cannot connect to xenstored: ${path}: ${state}`,
    { path, cause },
  );
}
