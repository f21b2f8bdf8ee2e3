// SPDX-License-Identifier: Apache-2.0
// Tells which frames of one guest another one receives. The guests are containers of thaw or of an engine, or network namespaces.

import { setTimeout as delay } from 'node:timers/promises';
import { isAmong, type Frame } from './forged.js';

export interface Guests {
  /** Returns all that the watching guest has printed: WATCH of forged.ts runs in it. */
  seen: () => string | Promise<string>;
  /** Runs SEND of forged.ts in the guest, with the frames as words. */
  send: (guest: string, hex: string[]) => unknown;
  /** The milliseconds that the last frame may take. */
  settle: number;
}

export const READY = /ready/;

export function namesOf(frames: Frame[]): string[] {
  return frames.map(({ name }) => name);
}

/** Sends the frames from a guest, and resolves with the names of those that the watching guest receives. */
export async function received(guests: Guests, from: string, frames: Frame[]): Promise<string[]> {
  const before = (await guests.seen()).length;
  await guests.send(
    from,
    frames.map(({ bytes }) => bytes.toString('hex')),
  );
  await delay(guests.settle);
  const text = (await guests.seen()).slice(before);
  return namesOf(frames.filter((frame) => isAmong(frame, text)));
}
