// SPDX-License-Identifier: Apache-2.0
// Knows all networks of this host by name, and keeps their files in step.

import type { Log } from '../base/log.js';
import { NetworkError } from './errors.js';
import { NetworkStore, type NetworkRecord } from './record.js';

export class NetworkRecords {
  readonly #store: NetworkStore;
  readonly #records = new Map<string, NetworkRecord>();

  constructor(folder: string) {
    this.#store = new NetworkStore(folder);
  }

  /** Reads the files. Logs and leaves out a network whose driver is unknown. */
  async load(hasDriver: (record: NetworkRecord) => boolean, log: Log): Promise<void> {
    for (const record of await this.#store.loadAll(log))
      if (hasDriver(record)) this.#records.set(record.name, record);
      else log.error(`Network ${record.name} has an unknown driver, ${record.driver}`);
  }

  /** Returns all networks by name. */
  list(): NetworkRecord[] {
    return [...this.#records.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
  }

  get(name: string): NetworkRecord | undefined {
    return this.#records.get(name);
  }

  /** Throws ERR_NETWORK_NOT_FOUND. */
  find(name: string): NetworkRecord {
    const record = this.#records.get(name);
    if (record) return record;
    throw new NetworkError(
      'ERR_NETWORK_NOT_FOUND',
      `No network is called "${name}": see thaw network ls`,
    );
  }

  /** Adds a network at once, and writes its file. A network without a file is none. */
  async add(record: NetworkRecord): Promise<void> {
    this.#records.set(record.name, record);
    try {
      await this.#store.save(record);
    } catch (error) {
      this.#records.delete(record.name);
      throw error;
    }
  }

  /** Removes a network at once, and its file after `undo`: no later thawd would remove a bridge without a file. */
  async remove({ name }: NetworkRecord, undo: () => Promise<void>): Promise<void> {
    this.#records.delete(name);
    try {
      await undo();
    } finally {
      await this.#store.remove(name);
    }
  }
}
