// SPDX-License-Identifier: Apache-2.0
// Makes dom0's network interfaces ports of bridges by kernel calls (linux/if_bridge.h), without starting a process.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';

/**
 * Makes an interface a port of that bridge only and sets it up, or for '' a port of none and sets it down. Rejects with ERR_XEN_ENODEV and the
 * like; the error's hint names the step.
 */
export async function linkJoin(
  name: string,
  bridge: string,
  native: NativeAddon = loadNative(),
): Promise<void> {
  checkString('interface', name);
  if (bridge !== '') checkString('bridge', bridge);
  return native.linkJoin(name, bridge);
}
