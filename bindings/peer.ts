// SPDX-License-Identifier: Apache-2.0
// Names the process at the other end of a unix socket, by the kernel's word.

import { checkFd } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';
import type { PeerCredentials } from './types.js';

/** Returns the credentials that the peer had when it connected. Throws ERR_XEN_ENOTCONN and the like for a descriptor without such a peer. */
export function peerCredentials(fd: number, native: NativeAddon = loadNative()): PeerCredentials {
  checkFd(fd);
  return native.peerCredentials(fd);
}
