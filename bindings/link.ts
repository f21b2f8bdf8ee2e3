// SPDX-License-Identifier: Apache-2.0
// Network interfaces of dom0 as ports of bridges, by the kernel's own calls (linux/if_bridge.h), without a process for each.

import { checkString } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';

/**
 * Makes an interface a port of that bridge and of no other, or of none for '', and takes it up. Rejects with ERR_XEN_ENODEV and the
 * like; its hint names the step.
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
