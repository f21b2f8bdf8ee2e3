// SPDX-License-Identifier: Apache-2.0
// Watches the disks that hold guests' files. Before one is full, it pauses the guests that fill it, so that no other guest sees an I/O error; it
// resumes them when there is room again.

import { describeError } from '../../base/errors.js';
import type { Log } from '../../base/log.js';
import { formatBytes } from '../../base/text.js';
import { DISK_REMEDY, type ReservedFilesystem } from '../../disk/index.js';
import { isNear, isShort, mayResume, nextLookMs, toPause } from './decide.js';
import type { Growth, Rates } from './growth.js';
import type { DiskGuest } from './guest.js';

export interface DiskWatchServices {
  /** Settles what an earlier thawd left half done; called once, before the first look. */
  settle: () => Promise<void>;
  /** Resolves with the filesystems that hold thaw's files. */
  filesystems: () => Promise<ReservedFilesystem[]>;
  /** Resolves with the guests whose domains are there. */
  guests: () => Promise<DiskGuest[]>;
  growth: Growth;
  log: Log;
  /** A clock in milliseconds that never goes back. */
  now?: () => number;
}

export class DiskWatch {
  readonly #services: DiskWatchServices;
  /** The guests that are being paused or resumed, by key. */
  readonly #busy = new Set<string>();
  /** The mount points of the filesystems whose reserve is in use. */
  readonly #short = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #hasFailed = false;
  #isSettled = false;

  constructor(services: DiskWatchServices) {
    this.#services = services;
  }

  /** Looks now, and again and again until close(). */
  start(): void {
    void this.#lookAndPlan();
  }

  /** Guests stay as they are: the next thawd's watch takes them over. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #lookAndPlan(): Promise<void> {
    let waitMs = FAILED_MS;
    try {
      waitMs = await this.look();
      this.#hasFailed = false;
    } catch (error) {
      // Once, not four times a second.
      if (!this.#hasFailed)
        this.#services.log.warn(`Cannot watch the disks: ${describeError(error)}`);
      this.#hasFailed = true;
    }
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => void this.#lookAndPlan(), waitMs);
  }

  /** Looks once. Resolves with the milliseconds until the next look. Rejects as the kernel and Xen do. */
  async look(): Promise<number> {
    const { filesystems, guests, growth, now = () => performance.now() } = this.#services;
    if (!this.#isSettled) await this.#services.settle();
    this.#isSettled = true;
    const disks = await filesystems();
    for (const disk of disks) this.#note(disk);
    const found = await guests();
    if (disks.some(isNear)) {
      const rates = await growth.sample(found, now());
      for (const disk of disks) this.#pauseOn(disk, found, rates);
    } else growth.forget();
    this.#resumeOne(disks, found);
    return nextLookMs(disks);
  }

  /** Tells the log when the use of a reserve begins and ends. */
  #note(disk: ReservedFilesystem): void {
    const { path, freeBytes, reserveBytes } = disk;
    const { log } = this.#services;
    if (isShort(disk) === this.#short.has(path)) return;
    if (this.#short.delete(path)) {
      log.info(`The file system of ${path} has room again: ${formatBytes(freeBytes)} are free`);
      return;
    }
    this.#short.add(path);
    log.warn(
      `The file system of ${path} has only ${formatBytes(freeBytes)} free, of which ${formatBytes(reserveBytes)} are to stay free: ` +
        `containers that fill it will be paused; ${DISK_REMEDY}`,
    );
  }

  #pauseOn(disk: ReservedFilesystem, guests: readonly DiskGuest[], all: Map<string, Rates>): void {
    const free = guests.filter(({ key, runs }) => runs && !this.#busy.has(key));
    const rates = new Map(free.map(({ key }) => [key, all.get(key)?.get(disk.device) ?? 0]));
    for (const key of toPause(disk, rates)) {
      const guest = free.find((one) => one.key === key);
      if (!guest) continue;
      const { path } = disk;
      const speed = `${formatBytes(Math.round(rates.get(key) ?? 0))}/s`;
      const paused = `Paused ${guest.label}, which fills the file system of ${path} with ${speed}`;
      this.#change(guest, `pause ${guest.label}`, async () => {
        if (await guest.hold({ path, since: Date.now() })) this.#services.log.warn(paused);
      });
    }
  }

  /** Resumes one guest in a look, the last that was paused: the slowest. Its growth counts before the next one resumes. */
  #resumeOne(disks: readonly ReservedFilesystem[], guests: readonly DiskGuest[]): void {
    const [guest] = guests
      .filter(({ key, diskPause }) => diskPause && !this.#busy.has(key))
      .filter(({ diskPause }) => {
        // A disk that is gone, or holds nothing of thaw's any more, keeps nobody.
        const disk = disks.find(({ path }) => path === diskPause?.path);
        return disk === undefined || mayResume(disk);
      })
      .sort((a, b) => (b.diskPause?.since ?? 0) - (a.diskPause?.since ?? 0));
    if (!guest) return;
    this.#change(guest, `resume ${guest.label}`, async () => {
      if (await guest.release())
        this.#services.log.info(`Resumed ${guest.label}: there is room again`);
    });
  }

  /** Not awaited: a container that is being copied is paused after that, and all others at once. */
  #change(guest: DiskGuest, what: string, change: () => Promise<void>): void {
    this.#busy.add(guest.key);
    change()
      .catch((error: unknown) => {
        this.#services.log.error(`Cannot ${what}`, { error });
      })
      .finally(() => this.#busy.delete(guest.key));
  }
}

/** After a look that failed. */
const FAILED_MS = 5000;
