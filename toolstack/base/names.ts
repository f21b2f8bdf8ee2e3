// SPDX-License-Identifier: Apache-2.0
// Says which names a user may give.

/** True for up to 255 letters, digits, "_", "." and "-" with a letter or digit first: the names of volumes. */
export function isName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(text);
}
