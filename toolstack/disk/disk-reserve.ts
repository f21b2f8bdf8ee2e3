// SPDX-License-Identifier: Apache-2.0
// Keeps the reserve of each filesystem that holds folders of thaw's: refuses work before it, and ends work that reaches it.

import { sleep } from '../base/deadline.js';
import { shortageError, type DiskError, type Shortage } from './errors.js';
import {
  filesystemsOf,
  kernelDisks,
  mountOf,
  nearestFolder,
  type DiskCalls,
  type Filesystem,
  type KeptFolder,
} from './filesystems.js';
import type { Reserve } from './reserve.js';
import { reserveOf, type ReserveSetting } from './setting.js';

/** A pull over a fast network writes some hundred MiB in this time. */
const LOOK_MS = 250;

export interface ReservedFilesystem extends Filesystem {
  reserveBytes: number;
}

export interface DiskReserveOptions {
  /** thaw's folders. Filesystems without any of them have no reserve. */
  folders: readonly KeptFolder[];
  setting: ReserveSetting;
  calls?: DiskCalls;
  lookMs?: number;
}

export class DiskReserve implements Reserve {
  readonly #folders: readonly KeptFolder[];
  readonly #setting: ReserveSetting;
  readonly #calls: DiskCalls;
  readonly #lookMs: number;
  /** By device, the bytes that work under way is going to write. */
  readonly #held = new Map<number, number>();

  constructor({ folders, setting, calls = kernelDisks, lookMs = LOOK_MS }: DiskReserveOptions) {
    this.#folders = folders;
    this.#setting = setting;
    this.#calls = calls;
    this.#lookMs = lookMs;
  }

  /** Resolves with all filesystems that hold folders of thaw's. Rejects as the kernel does. */
  async filesystems(): Promise<ReservedFilesystem[]> {
    const found = await filesystemsOf(this.#calls, this.#folders);
    return found.map((one) => ({ ...one, reserveBytes: reserveOf(one.totalBytes, this.#setting) }));
  }

  /** Resolves with the number of the device that `path`, or the nearest folder above it, is on. */
  async deviceOf(path: string): Promise<number> {
    return this.#calls.deviceOf(await nearestFolder(this.#calls, path));
  }

  async check(folder: string, action: string, neededBytes = 0): Promise<void> {
    const shortage = await this.#shortageAt(folder, neededBytes);
    if (shortage) throw shortageError(action, shortage);
  }

  async holding<T>(
    folder: string,
    action: string,
    neededBytes: number,
    work: () => Promise<T>,
  ): Promise<T> {
    const device = await this.deviceOf(folder);
    await this.check(folder, action, neededBytes);
    this.#add(device, neededBytes);
    try {
      return await work();
    } finally {
      this.#add(device, -neededBytes);
    }
  }

  async guarding<T>(
    folder: string,
    action: string,
    signal: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    await this.check(folder, action);
    const stop = new AbortController();
    const done = new AbortController();
    let refusal: DiskError | undefined;
    const watched = this.#untilShort(folder, done.signal).then((shortage) => {
      if (!shortage) return;
      refusal = shortageError(action, shortage);
      stop.abort(refusal);
    });
    const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
    try {
      return await work(both);
    } catch (error) {
      throw refusal ?? error;
    } finally {
      done.abort();
      await watched;
    }
  }

  /** Resolves with the shortage once there is one, or with undefined once `signal` aborts. Never rejects. */
  async #untilShort(folder: string, signal: AbortSignal): Promise<Shortage | undefined> {
    for (;;) {
      try {
        await sleep(this.#lookMs, signal);
      } catch {
        return undefined;
      }
      // A filesystem that does not answer fails the work itself.
      const shortage = await this.#shortageAt(folder, 0).catch(() => undefined);
      if (shortage && !signal.aborted) return shortage;
    }
  }

  async #shortageAt(folder: string, neededBytes: number): Promise<Shortage | undefined> {
    const there = await nearestFolder(this.#calls, folder);
    const device = await this.#calls.deviceOf(there);
    const { freeBytes, totalBytes } = await this.#calls.spaceOf(there);
    const reserveBytes = reserveOf(totalBytes, this.#setting);
    const leftBytes = freeBytes - (this.#held.get(device) ?? 0) - neededBytes;
    if (reserveBytes === 0 || leftBytes >= reserveBytes) return undefined;
    if (!(await this.#holdsFolders(device))) return undefined;
    const path = await mountOf(this.#calls, there);
    return { path, freeBytes, reserveBytes, neededBytes };
  }

  async #holdsFolders(device: number): Promise<boolean> {
    for (const { path } of this.#folders) if ((await this.deviceOf(path)) === device) return true;
    return false;
  }

  #add(device: number, bytes: number): void {
    const held = (this.#held.get(device) ?? 0) + bytes;
    if (held > 0) this.#held.set(device, held);
    else this.#held.delete(device);
  }
}
