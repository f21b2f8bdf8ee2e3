// SPDX-License-Identifier: Apache-2.0
// Manages all volumes of this host, and tracks the containers that use them.

import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { defined } from '../base/defined.js';
import { errorMessage } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { isName } from '../base/names.js';
import { removeTree } from '../base/remove-tree.js';
import { allDone } from '../base/all-done.js';
import { noReserve, type Reserve } from '../disk/index.js';
import { ext4Tools, VolumeDrivers, type DiskTools } from './drivers/registry.js';
import { VolumeError } from './errors.js';
import { Fills } from './fills.js';
import { VolumeStore, type VolumeRecord } from './record.js';
import type { VolumeRequest } from './request.js';

export class Volumes {
  readonly #store: VolumeStore;
  readonly #drivers: VolumeDrivers;
  readonly #records = new Map<string, VolumeRecord>();
  /** By volume, the ids of the containers that use it or will use it soon. */
  readonly #holders = new Map<string, Set<string>>();
  readonly #fills: Fills;
  readonly #reserve: Reserve;
  #changing: Promise<unknown> = Promise.resolve();

  private constructor(store: VolumeStore, mounts: string, tools: DiskTools, reserve: Reserve) {
    this.#store = store;
    this.#reserve = reserve;
    this.#fills = new Fills(store);
    const folderOf = (name: string): string => store.folderOf(name);
    this.#drivers = new VolumeDrivers({ folderOf, mounts, tools });
  }

  /** Loads the volumes in `folder`. Drivers mount them below `mounts`. */
  static async open(
    folder: string,
    mounts: string,
    log: Log,
    tools: DiskTools = ext4Tools,
    reserve: Reserve = noReserve,
  ): Promise<Volumes> {
    const store = new VolumeStore(folder);
    const volumes = new Volumes(store, mounts, tools, reserve);
    for (const record of await store.loadAll(log))
      if (volumes.#drivers.has(record)) volumes.#records.set(record.name, record);
      else log.error(`Volume ${record.name} has an unknown driver, ${record.driver}`);
    return volumes;
  }

  /** The folder of all volumes' storage. */
  get folder(): string {
    return this.#store.folder;
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

  /** Makes a volume. Rejects with ERR_VOLUME_NAME, ERR_VOLUME_EXISTS, ERR_USAGE, ERR_VOLUME_DISK and ERR_DISK_RESERVE, and undoes its changes then. */
  create(request: VolumeRequest): Promise<VolumeRecord> {
    return this.#change(() => this.#create(request));
  }

  /**
   * Resolves with the volume of that name, and makes it unless it exists; without a name, makes a new volume. Marks the volume as used by `holder`, a
   * container's id. Rejects as create() does, and with ERR_VOLUME_OWNER for a volume of another user than `owner`, which is undefined for root.
   */
  ensure(name: string | undefined, holder: string, owner?: number): Promise<VolumeRecord> {
    return this.#change(async () => {
      const known = name === undefined ? undefined : this.#records.get(name);
      if (known && owner !== undefined && known.owner !== owner)
        throw new VolumeError(
          'ERR_VOLUME_OWNER',
          `Cannot use volume "${known.name}": another user made it; choose another name`,
        );
      const record = known ?? (await this.#create({ name, owner }, holder));
      this.hold(record.name, holder);
      return record;
    });
  }

  async #create(request: VolumeRequest, holder?: string): Promise<VolumeRecord> {
    const { name = randomBytes(32).toString('hex'), sizeBytes, labels = {}, owner } = request;
    checkName(name);
    const driver = this.#drivers.for(request);
    driver.check?.(name, request);
    if (this.#records.has(name))
      throw new VolumeError(
        'ERR_VOLUME_EXISTS',
        `Cannot make volume "${name}": a volume has that name`,
      );
    const record: VolumeRecord = {
      name,
      driver: driver.name,
      labels,
      isAnonymous: request.name === undefined,
      created: Date.now(),
      fill: 'due',
      ...(request.name === undefined && holder !== undefined ? { madeFor: holder } : {}),
      ...defined({ sizeBytes, owner }),
    };
    // Fails for a volume with an unreadable record, which still has its folder.
    await mkdir(this.#store.folderOf(name), { mode: 0o700 }).catch((cause: unknown) => {
      throw new VolumeError(
        'ERR_VOLUME_EXISTS',
        `Cannot make volume "${name}": ${errorMessage(cause)}; thawd's log says why it is no volume`,
        { cause },
      );
    });
    try {
      const action = `make volume "${name}"`;
      const neededBytes = driver.newBytes?.(record) ?? 0;
      const make = (): Promise<void> => driver.create(record);
      if (neededBytes === 0) await make();
      else await this.#reserve.holding(this.#store.folderOf(name), action, neededBytes, make);
      await this.#store.save(record);
    } catch (error) {
      await driver.remove?.(record).catch(() => undefined);
      await this.#store
        .putAway(name)
        .then(removeTree)
        .catch(() => undefined);
      throw error;
    }
    this.#records.set(name, record);
    return record;
  }

  /** Returns the directory of the volume's files in dom0, which may be unmounted. */
  pathOf(record: VolumeRecord): string {
    return this.#drivers.of(record).pathOf(record);
  }

  /** Resolves with the bytes that a volume takes up on the host's disks. */
  usage(record: VolumeRecord): Promise<number> {
    return this.#drivers.of(record).usage(record);
  }

  /**
   * Makes the volume's files reachable, and resolves with pathOf(). Marks the volume as used by `holder`, a container's id, until release(). Rejects
   * with ERR_VOLUME_NOT_FOUND and ERR_VOLUME_DISK.
   */
  ready(name: string, holder: string): Promise<string> {
    return this.#change(async () => {
      const record = this.find(name);
      const { mounts } = this.#drivers.of(record);
      if (mounts) await mounts.mount(record);
      this.hold(name, holder);
      return this.pathOf(record);
    });
  }

  /**
   * Waits while another container fills the volume. Then resolves with true when `holder` must fill it: no container has filled it, or a fill was
   * interrupted, whose files are removed. The holder must have called ready() before. filled() or the holder's release() ends the fill. Rejects with
   * ERR_VOLUME_USED after ten minutes.
   */
  async beginFill(name: string, holder: string): Promise<boolean> {
    await this.#fills.others(name, holder);
    return this.#change(() => {
      const record = this.find(name);
      const isShared = (this.#holders.get(name)?.size ?? 0) > 1;
      return this.#fills.begin(record, this.pathOf(record), { holder, isShared });
    });
  }

  /** Marks the volume as filled. Must be called before any process of the filling container runs. */
  filled(name: string): Promise<void> {
    return this.#change(() => this.#fills.end(this.find(name)));
  }

  /** Makes an anonymous volume outlive its container. Rejects when the record cannot be written. */
  keep(name: string): Promise<void> {
    return this.#change(async () => {
      const record = this.#records.get(name);
      if (record?.madeFor === undefined) return;
      delete record.madeFor;
      await this.#store.save(record);
    });
  }

  /** Marks the volume as used by `holder`. Also takes over a holder of an earlier thawd. */
  hold(name: string, holder: string): void {
    const holders = this.#holders.get(name) ?? new Set();
    this.#holders.set(name, holders.add(holder));
  }

  /** Ends the holder's use of all volumes, and unmounts volumes without holders. Idempotent. Rejects with ERR_VOLUME_DISK. */
  release(holder: string): Promise<void> {
    return this.#change(async () => {
      const free = [...this.#holders].filter(
        ([, holders]) => holders.delete(holder) && holders.size === 0,
      );
      for (const [name] of free) this.#holders.delete(name);
      this.#fills.release(holder);
      await allDone(free.map(([name]) => this.#unmount(name)));
    });
  }

  /**
   * Unmounts volumes that an earlier thawd mounted and no container holds, also a volume that it was still making. Rejects with
   * ERR_VOLUME_DISK.
   */
  reconcile(): Promise<void> {
    return this.#change(async () => {
      const isHeld = (name: string): boolean => this.isHeld(name);
      await allDone(this.#drivers.all.map(async ({ mounts }) => mounts?.reconcile(isHeld)));
    });
  }

  async #unmount(name: string): Promise<void> {
    const record = this.#records.get(name);
    if (record) await this.#drivers.of(record).mounts?.unmount(record);
  }

  /** True when a container uses the volume, will use it soon, or is still ending. */
  isHeld(name: string): boolean {
    return this.#holders.has(name);
  }

  /**
   * Removes a volume that no container uses, with all its files. Rejects with ERR_VOLUME_NOT_FOUND, ERR_VOLUME_USED, ERR_VOLUME_DISK and
   * ERR_REMOVE.
   */
  async remove(name: string): Promise<void> {
    const away = await this.#change(async () => {
      const record = this.find(name);
      if (this.isHeld(name))
        throw new VolumeError(
          'ERR_VOLUME_USED',
          `Cannot remove volume "${name}": a container that uses it starts or ends`,
        );
      await this.#drivers.of(record).remove?.(record);
      const path = await this.#store.putAway(name);
      this.#records.delete(name);
      return path;
    });
    // Outside #change(), so that other changes do not wait for the removal.
    await removeTree(away);
  }

  /** Runs changes one at a time: two parallel changes could mount one filesystem twice. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => undefined);
    return done;
  }
}

function checkName(name: string): void {
  if (!isName(name))
    throw new VolumeError(
      'ERR_VOLUME_NAME',
      `Cannot use the name "${name}" for a volume: up to 255 letters, digits, "_", "." and "-" are allowed, a letter or digit first`,
    );
}
