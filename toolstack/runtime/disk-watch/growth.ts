// SPDX-License-Identifier: Apache-2.0
// How fast does each guest fill each filesystem? Bursts of a guest's page cache are smoothed over some seconds.

import { stat } from 'node:fs/promises';
import type { DiskGuest } from './guest.js';

/** The unit of st_blocks. */
const BLOCK = 512;
/** A guest writes its page cache back in bursts some seconds apart. */
const SMOOTH_MS = 5000;

/** By device number, bytes per second. */
export type Rates = Map<number, number>;

export interface GrowthCalls {
  /** Resolves with the bytes that a file occupies, and with its device; undefined for a missing file. */
  occupied(path: string): Promise<{ device: number; bytes: number } | undefined>;
  /** Resolves with the device of a folder; undefined where it cannot be told. */
  deviceOf(folder: string): Promise<number | undefined>;
  /** Resolves with the bytes that the processes of each sandbox have written, by domid. */
  written(): Promise<Map<number, number>>;
}

/** The calls of a real host. `deviceOf` and `written` are those of the disk's reserve and of the shims. */
export function growthCalls({
  deviceOf,
  written,
}: {
  deviceOf: (path: string) => Promise<number>;
  written: () => Promise<Map<number, number>>;
}): GrowthCalls {
  return {
    occupied: (path) =>
      stat(path).then(
        ({ dev, blocks }) => ({ device: dev, bytes: blocks * BLOCK }),
        () => undefined,
      ),
    deviceOf: (folder) => deviceOf(folder).catch(() => undefined),
    written,
  };
}

interface Sample {
  atMs: number;
  bytes: Map<number, number>;
  rates: Rates;
}

export class Growth {
  readonly #calls: GrowthCalls;
  readonly #samples = new Map<string, Sample>();

  constructor(calls: GrowthCalls) {
    this.#calls = calls;
  }

  /** Forgets all earlier samples. */
  forget(): void {
    this.#samples.clear();
  }

  /** Resolves with the rates of each guest by its key. The first sample of a guest has rates of 0. `nowMs` is a clock's that never goes back. */
  async sample(guests: readonly DiskGuest[], nowMs: number): Promise<Map<string, Rates>> {
    const written = await this.#calls.written();
    for (const guest of guests) {
      const bytes = await this.#bytesOf(guest, written.get(guest.domid) ?? 0);
      const before = this.#samples.get(guest.key);
      const rates = before ? smoothed(before, bytes, nowMs) : new Map<number, number>();
      this.#samples.set(guest.key, { atMs: nowMs, bytes, rates });
    }
    const keys = new Set(guests.map(({ key }) => key));
    for (const key of this.#samples.keys()) if (!keys.has(key)) this.#samples.delete(key);
    return new Map([...this.#samples].map(([key, { rates }]) => [key, rates]));
  }

  async #bytesOf({ files, folders }: DiskGuest, written: number): Promise<Map<number, number>> {
    const bytes = new Map<number, number>();
    const add = (device: number, more: number): void =>
      void bytes.set(device, (bytes.get(device) ?? 0) + more);
    for (const found of await Promise.all(files.map((file) => this.#calls.occupied(file))))
      if (found) add(found.device, found.bytes);
    // Nobody tells to which of the filesystems the shim wrote: it may have been each.
    const devices = await Promise.all(folders.map((folder) => this.#calls.deviceOf(folder)));
    for (const device of new Set(devices)) if (device !== undefined) add(device, written);
    return bytes;
  }
}

function smoothed({ atMs, bytes: before, rates }: Sample, after: Sample['bytes'], nowMs: number) {
  const ms = Math.max(1, nowMs - atMs);
  const kept = Math.exp(-ms / SMOOTH_MS);
  return new Map(
    [...after].map(([device, bytes]) => {
      // Freed blocks, and a file server that has ended, are no growth.
      const grown = Math.max(0, bytes - (before.get(device) ?? bytes));
      const rate = (rates.get(device) ?? 0) * kept + ((grown * 1000) / ms) * (1 - kept);
      return [device, rate];
    }),
  );
}
