// SPDX-License-Identifier: Apache-2.0
// All volumes of this host: which there are, and where their folders are.

import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { removeTree } from '../base/remove-tree.js';
import { ext4Driver, type DiskDriver } from './drivers/ext4-file/disk.js';
import { VolumeError } from './errors.js';
import { Fills } from './fills.js';
import { VolumeStore, type VolumeRecord } from './record.js';

export interface VolumeWish {
  /** Without one it is anonymous. */
  name?: string | undefined;
  sizeBytes?: number | undefined;
  labels?: Record<string, string>;
}

/** Less than this ext4 makes nothing useful of. */
const SIZE_LEAST = 2 ** 20;

export class Volumes {
  readonly #store: VolumeStore;
  readonly #mounts: string;
  readonly #driver: DiskDriver;
  readonly #records = new Map<string, VolumeRecord>();
  /** Who uses a volume, or is about to. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #fills: Fills;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(store: VolumeStore, mounts: string, driver: DiskDriver) {
    this.#store = store;
    this.#fills = new Fills(store);
    this.#mounts = mounts;
    this.#driver = driver;
  }

  /** Those in `folder`; sized ones are mounted below `mounts`. */
  static async open(
    folder: string,
    mounts: string,
    log: Log,
    driver: DiskDriver = ext4Driver,
  ): Promise<Volumes> {
    const store = new VolumeStore(folder);
    const volumes = new Volumes(store, mounts, driver);
    for (const record of await store.loadAll(log)) volumes.#records.set(record.name, record);
    return volumes;
  }

  list(): VolumeRecord[] {
    return [...this.#records.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Throws ERR_VOLUME_NOT_FOUND. */
  find(name: string): VolumeRecord {
    const record = this.#records.get(name);
    if (record) return record;
    throw new VolumeError(
      'ERR_VOLUME_NOT_FOUND',
      `No volume is called "${name}": thaw volume ls shows which there are`,
    );
  }

  has(name: string): boolean {
    return this.#records.has(name);
  }

  /** Makes a volume. Rejects with ERR_VOLUME_NAME, ERR_VOLUME_EXISTS, ERR_USAGE and ERR_VOLUME_DISK; nothing is left then. */
  create(wish: VolumeWish): Promise<VolumeRecord> {
    return this.#change(() => this.#create(wish));
  }

  /**
   * The volume of that name, made if it is not there; without a name a new one. `holder`, a container's id, uses it from now on. Rejects
   * as create().
   */
  ensure(name: string | undefined, holder: string): Promise<VolumeRecord> {
    return this.#change(async () => {
      const known = name === undefined ? undefined : this.#records.get(name);
      const record = known ?? (await this.#create({ name }, holder));
      this.hold(record.name, holder);
      return record;
    });
  }

  async #create(wish: VolumeWish, holder?: string): Promise<VolumeRecord> {
    const { name = randomBytes(32).toString('hex'), sizeBytes, labels = {} } = wish;
    checkWish(name, sizeBytes);
    if (this.#records.has(name))
      throw new VolumeError(
        'ERR_VOLUME_EXISTS',
        `Cannot make volume "${name}": there is one of that name`,
      );
    const record: VolumeRecord = {
      ...{ name, labels, isAnonymous: wish.name === undefined, created: Date.now() },
      fill: 'due',
      ...(wish.name === undefined && holder !== undefined ? { madeFor: holder } : {}),
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    };
    // Of a volume that could not be read there is a folder, and all that it holds.
    await mkdir(this.#store.folderOf(name), { mode: 0o700 }).catch((cause: unknown) => {
      throw new VolumeError(
        'ERR_VOLUME_EXISTS',
        `Cannot make volume "${name}": ${errorMessage(cause)}; thawd's log says why it is no volume`,
        { cause },
      );
    });
    try {
      await this.#make(record);
    } catch (error) {
      await this.#driver.unmount(this.#mountOf(name)).catch(() => undefined);
      await this.#store
        .putAway(name)
        .then(removeTree)
        .catch(() => undefined);
      throw error;
    }
    this.#records.set(name, record);
    return record;
  }

  /** Where its files are in dom0, whether or not somebody uses it. */
  pathOf({ name, sizeBytes }: VolumeRecord): string {
    return join(sizeBytes === undefined ? this.#store.folderOf(name) : this.#mountOf(name), DATA);
  }

  /**
   * The same once it can be used; from then on `holder`, a container's id, uses it, until rest(). Rejects with ERR_VOLUME_NOT_FOUND and
   * ERR_VOLUME_DISK.
   */
  ready(name: string, holder: string): Promise<string> {
    return this.#change(async () => {
      const record = this.find(name);
      if (record.sizeBytes !== undefined)
        await this.#driver.mount(this.#store.diskOf(name), this.#mountOf(name));
      this.hold(name, holder);
      return this.pathOf(record);
    });
  }

  /**
   * Whether `holder`, which has it ready, is to fill it: nobody has, or somebody began and did not end, whose part is removed then. Who fills
   * it now is waited for. filled() ends it, or the holder's rest(). Rejects with ERR_VOLUME_USED after ten minutes.
   */
  async beginFill(name: string, holder: string): Promise<boolean> {
    await this.#fills.others(name, holder);
    return this.#change(() => {
      const record = this.find(name);
      const isShared = (this.#holders.get(name)?.size ?? 0) > 1;
      return this.#fills.begin(record, this.pathOf(record), { holder, isShared });
    });
  }

  /** It has what it is to have, before any process of the one who filled it runs. */
  filled(name: string): Promise<void> {
    return this.#change(() => this.#fills.end(this.find(name)));
  }

  /** It goes with no container any more. Rejects where that cannot be written down. */
  keep(name: string): Promise<void> {
    return this.#change(async () => {
      const record = this.#records.get(name);
      if (record?.madeFor === undefined) return;
      delete record.madeFor;
      await this.#store.save(record);
    });
  }

  /** A holder that an earlier thawd knew. */
  hold(name: string, holder: string): void {
    const holders = this.#holders.get(name) ?? new Set();
    this.#holders.set(name, holders.add(holder));
  }

  /** The holder uses no volume any more; whose last one it was is unmounted. Idempotent. Rejects with ERR_VOLUME_DISK. */
  rest(holder: string): Promise<void> {
    return this.#change(async () => {
      const free = [...this.#holders].filter(
        ([, holders]) => holders.delete(holder) && holders.size === 0,
      );
      for (const [name] of free) this.#holders.delete(name);
      this.#fills.rest(holder);
      await this.#unmount(free.map(([name]) => name));
    });
  }

  /**
   * Unmounts those that an earlier thawd mounted and nobody holds, also where it came no further than to mount one that it was making.
   * Rejects with ERR_VOLUME_DISK.
   */
  settle(): Promise<void> {
    return this.#change(async () => {
      const mounts = await readdir(this.#mounts).catch(() => []);
      await this.#unmountAll(mounts.filter((name) => !this.isHeld(name)));
    });
  }

  /** The sized ones among them. */
  async #unmount(names: readonly string[]): Promise<void> {
    await this.#unmountAll(
      names.filter((name) => this.#records.get(name)?.sizeBytes !== undefined),
    );
  }

  /** One that stays does not keep the others. */
  async #unmountAll(names: readonly string[]): Promise<void> {
    const results = await Promise.allSettled(
      names.map((name) => this.#driver.unmount(this.#mountOf(name))),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  /** Whether somebody uses it, or is about to, or is still going. */
  isHeld(name: string): boolean {
    return this.#holders.has(name);
  }

  /**
   * Removes one that nobody uses, with all that it holds. Rejects with ERR_VOLUME_NOT_FOUND, ERR_VOLUME_USED, ERR_VOLUME_DISK and
   * ERR_REMOVE.
   */
  async remove(name: string): Promise<void> {
    const away = await this.#change(async () => {
      const { sizeBytes } = this.find(name);
      if (this.isHeld(name))
        throw new VolumeError(
          'ERR_VOLUME_USED',
          `Cannot remove volume "${name}": a container starts or ends that has it`,
        );
      if (sizeBytes !== undefined) await this.#driver.unmount(this.#mountOf(name));
      const path = await this.#store.putAway(name);
      this.#records.delete(name);
      return path;
    });
    // Others need not wait for that.
    await removeTree(away);
  }

  async #make(record: VolumeRecord): Promise<void> {
    const { name, sizeBytes } = record;
    if (sizeBytes !== undefined) {
      const disk = this.#store.diskOf(name);
      await this.#driver.make(disk, sizeBytes);
      await this.#driver.mount(disk, this.#mountOf(name));
    }
    await mkdir(this.pathOf(record), { mode: 0o755 });
    if (sizeBytes !== undefined) await this.#driver.unmount(this.#mountOf(name));
    await this.#store.save(record);
  }

  #mountOf(name: string): string {
    return join(this.#mounts, name);
  }

  /** One after the other: two at once would mount one filesystem twice. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}

/** Not the volume's own folder: volume.json is beside it, and a filesystem's root has a lost+found. */
const DATA = '_data';

function checkWish(name: string, sizeBytes: number | undefined): void {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,254}$/.test(name))
    throw new VolumeError(
      'ERR_VOLUME_NAME',
      `Cannot use the name "${name}" for a volume: up to 255 letters, digits, "_", "." and "-" are allowed, a letter or digit first`,
    );
  if (sizeBytes !== undefined && sizeBytes < SIZE_LEAST)
    throw new VolumeError('ERR_USAGE', `Cannot make volume "${name}": its size is below 1 MiB`);
}
