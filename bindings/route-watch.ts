// SPDX-License-Identifier: Apache-2.0
// Watches a network namespace's interfaces, addresses and routes, without a process in that namespace.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon, NativeRouteWatch } from './native.js';

/**
 * Calls `onChange` after each batch of changes in the namespace at `path` (/proc/PID/ns/net), until the watch is closed. The namespace lives at least
 * that long. Ignores links whose names begin with `ignored`, and the local routing table. Rejects with ERR_XEN_ENOENT and the like.
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
