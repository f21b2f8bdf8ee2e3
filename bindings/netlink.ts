// SPDX-License-Identifier: Apache-2.0
// Sends messages to dom0's kernel over netlink(7), without starting a process.

import { checkBytes, checkSize } from './args.js';
import { loadNative } from './loader.js';
import type { NativeAddon } from './native.js';

/** Protocols of linux/netlink.h. */
export const NETLINK = { ROUTE: 0, NETFILTER: 12 } as const;

/**
 * Sends all messages at once, and resolves when the kernel has answered each that asks for it (NLM_F_ACK). Rejects with the kernel's first refusal,
 * such as ERR_XEN_ENOENT.
 */
export async function netlinkSend(
  protocol: number,
  messages: Uint8Array,
  native: NativeAddon = loadNative(),
): Promise<void> {
  checkSize('protocol', protocol);
  checkBytes('messages', messages);
  return native.netlinkSend(protocol, messages);
}
