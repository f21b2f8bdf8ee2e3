// SPDX-License-Identifier: Apache-2.0
// News of a network namespace's interfaces, addresses and routes, without a process that listens for them there.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon, NativeRouteWatch } from './native.js';

/**
 * Calls `onChange` after each batch of changes in the namespace at `path` (/proc/PID/ns/net), until it is closed. The namespace lives on for
 * that long. Of links whose names begin with `ignored`, and of the local routing table, nothing is news. Rejects with ERR_XEN_ENOENT and the like.
 */
export async function routeWatch(
  path: string,
  ignored: string,
  onChange: () => void,
  native: NativeAddon = loadNative(),
): Promise<NativeRouteWatch> {
  checkString('path', path);
  checkString('ignored', ignored);
  return native.routeWatch(path, ignored, onChange);
}
