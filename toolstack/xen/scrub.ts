// SPDX-License-Identifier: Apache-2.0
// Whether this Xen hands out memory that is zero, as every clone relies on: a template's zero pages are not stored.

/**
 * False when Xen's command line turns the scrubbing of memory at boot off (`bootscrub`, docs/misc/xen-command-line). What dom0's kernel or
 * an earlier system had in it then shows up in domains.
 */
export function scrubsMemory(commandline: string): boolean {
  const words = commandline.split(/\s+/).filter((word) => /^(no-)?bootscrub(=|$)/.test(word));
  return !/^(no-bootscrub|bootscrub=(0|no|off|false|disable))$/.test(words.at(-1) ?? '');
}
