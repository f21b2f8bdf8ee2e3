// SPDX-License-Identifier: Apache-2.0
// What thawd writes down of a network, and where: a file each.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, writeAtomic } from '../base/files.js';
import type { Log } from '../base/log.js';
import type { CniList } from './drivers/cni/list.js';

export interface NetworkRecord {
  name: string;
  /** The bridge's name in dom0; '' where CNI plugins make all that there is. */
  bridge: string;
  /** One of IPv4, perhaps one of IPv6; the gateway is the bridge's own address. */
  subnets: { subnet: string; gateway: string }[];
  /** Nothing in it reaches anything outside, nor is reached from there. */
  internal: boolean;
  /** Its containers find each other by name. */
  hasDns: boolean;
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
  /** What makes places in it, in place of thaw. */
  cni?: CniList;
}

export class NetworkStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async save(record: NetworkRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await writeAtomic(this.#path(record.name), `${JSON.stringify(record, null, 2)}\n`);
  }

  async remove(name: string): Promise<void> {
    await rm(this.#path(name), { force: true });
  }

  /** All of them; a file that cannot be read is logged and left. */
  async loadAll(log: Log): Promise<NetworkRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await removeTemporaries(this.#folder);
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    const records: NetworkRecord[] = [];
    for (const name of names) {
      try {
        const text = await readFile(join(this.#folder, name), 'utf8');
        records.push(JSON.parse(text) as NetworkRecord);
      } catch (error) {
        log.error(`Network file ${name} cannot be read`, { error });
      }
    }
    return records;
  }

  #path(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}
