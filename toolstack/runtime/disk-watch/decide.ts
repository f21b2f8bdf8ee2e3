// SPDX-License-Identifier: Apache-2.0
// Decides which guests pause when a disk's reserve is reached, when they may resume, and when to look again. All of it is pure.

/** A filesystem with its reserve, in bytes. */
export interface Room {
  freeBytes: number;
  totalBytes: number;
  reserveBytes: number;
}

/** With what is left, the guests that run on could go on for this long. */
const HORIZON_S = 60;
/** Guests may use up this share of the reserve, slowly; below that, each guest that grows is paused. */
const FLOOR_SHARE = 1 / 2;
/** A guest that resumes needs some room, or it would be paused again at once. */
const RESUME_SHARE = 1 / 8;
/** Less is no growth: a guest's journal and inodes. Bytes per second. */
const STILL = 1024;
/** No guest is thought to write faster, in bytes per millisecond. */
const FASTEST = 2 ** 20;
const [SOONEST_MS, LATEST_MS] = [250, 10_000];

/** True while the disk has less than twice its reserve free: the growth of guests counts from there on. */
export function isNear({ freeBytes, reserveBytes }: Room): boolean {
  return reserveBytes > 0 && freeBytes < 2 * reserveBytes;
}

/** True while the reserve is in use. */
export function isShort({ freeBytes, reserveBytes }: Room): boolean {
  return reserveBytes > 0 && freeBytes < reserveBytes;
}

/** True when there is room for a guest that was paused to resume. A small disk cannot ask for more than it has. */
export function mayResume({ freeBytes, reserveBytes, totalBytes }: Room): boolean {
  return freeBytes >= Math.min(totalBytes, reserveBytes * (1 + RESUME_SHARE));
}

/**
 * Returns the keys of the guests to pause, the fastest first. `rates` has the bytes per second of the guests that run. Above the floor only so many
 * pause that the others cannot reach it within the horizon.
 */
export function toPause(room: Room, rates: ReadonlyMap<string, number>): string[] {
  if (!isShort(room)) return [];
  const growing = [...rates].filter(([, rate]) => rate >= STILL).sort(([, a], [, b]) => b - a);
  const leftBytes = room.freeBytes - room.reserveBytes * FLOOR_SHARE;
  let all = growing.reduce((sum, [, rate]) => sum + rate, 0);
  const paused: string[] = [];
  for (const [key, rate] of growing) {
    if (leftBytes > 0 && all * HORIZON_S <= leftBytes) break;
    paused.push(key);
    all -= rate;
  }
  return paused;
}

/** Returns the milliseconds until the next look: no guest can have reached a reserve before. */
export function nextLookMs(rooms: readonly Room[]): number {
  const ways = rooms
    .filter(({ reserveBytes }) => reserveBytes > 0)
    .map(({ freeBytes, reserveBytes }) => (freeBytes - reserveBytes) / FASTEST);
  return Math.min(LATEST_MS, Math.max(SOONEST_MS, Math.min(...ways)));
}
