// SPDX-License-Identifier: Apache-2.0
// Checks that this Xen hands out zeroed memory. Every clone relies on it, since a template stores no zero pages.

/**
 * Returns false where Xen's command line turns the scrubbing of memory at boot off (`bootscrub`, docs/misc/xen-command-line). Domains
 * then get memory of dom0's kernel or of an earlier system.
 */
export function scrubsMemory(commandline: string): boolean {
  const words = commandline.split(/\s+/).filter((word) => /^(no-)?bootscrub(=|$)/.test(word));
  return !/^(no-bootscrub|bootscrub=(0|no|off|false|disable))$/.test(words.at(-1) ?? '');
}
