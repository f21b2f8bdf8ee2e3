// SPDX-License-Identifier: Apache-2.0
// Names and numbers of signals.

import { constants } from 'node:os';

const NUMBERS = constants.signals as Record<string, number>;
/** Linux's real-time signals as glibc counts them. */
const RT_MIN = 34;
const RT_MAX = 64;

/** Reads a signal: 15, TERM, SIGTERM, RTMIN+3. Undefined when it is none. */
export function signalNumber(text: string): number | undefined {
  const name = text.toUpperCase().replace(/^SIG/, '');
  const real = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  const number = /^\d{1,2}$/.test(text)
    ? Number(text)
    : real
      ? (real[1] === 'MIN' ? RT_MIN : RT_MAX) + Number(`${real[2] ?? '+'}${real[3] ?? 0}`)
      : NUMBERS[`SIG${name}`];
  const isSignal = number !== undefined && number >= 1 && number <= RT_MAX;
  return isSignal && !(real && number < RT_MIN) ? number : undefined;
}

/** Returns `SIGTERM` for 15, and the number itself where it has no name. */
export function signalName(number: number): string {
  const found = Object.entries(NUMBERS).find(([, value]) => value === number);
  return found?.[0] ?? String(number);
}
