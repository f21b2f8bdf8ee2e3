// SPDX-License-Identifier: Apache-2.0
// Patterns of the policy: `*` stands for any characters, `?` for one, all else for itself. Pure.

/** The longest pattern and the longest text; a longer text matches nothing. */
export const PATTERN_MAX = 1024;
export const TEXT_MAX = 4096;

/**
 * Returns true where the whole text matches the pattern. The time grows with the product of both lengths at most, whatever the text is:
 * after a mismatch the search continues at the last `*` alone.
 */
export function matches(pattern: string, text: string): boolean {
  if (pattern.length > PATTERN_MAX || text.length > TEXT_MAX) return false;
  let [at, star, resume, i] = [0, -1, 0, 0];
  while (i < text.length) {
    if (pattern[at] === '*') {
      star = at++;
      resume = i;
    } else if (at < pattern.length && (pattern[at] === '?' || pattern[at] === text[i])) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

export function matchesAny(patterns: readonly string[], text: string): boolean {
  return patterns.some((pattern) => matches(pattern, text));
}
