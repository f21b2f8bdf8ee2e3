// SPDX-License-Identifier: Apache-2.0
// Reads and writes the records of networks: one JSON file for each network.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeTemporaries, sync, writeAtomic } from '../base/files.js';
import type { Log } from '../base/log.js';

export interface HostPort {
  port: number;
  protocol: 'tcp' | 'udp';
}

/** The fields of all drivers. A driver may add fields of its own, as CniNetworkRecord does. */
export interface NetworkRecord {
  name: string;
  /** The driver's name. */
  driver: string;
  /** The bridge's name in dom0; '' for a driver that does not use thaw's bridges. */
  bridge: string;
  /** One IPv4 subnet and at most one IPv6 subnet; the gateway is the bridge's own address. Empty where thaw gives out no addresses. */
  subnets: { subnet: string; gateway: string }[];
  /** No packet passes between the network and the outside. */
  internal: boolean;
  /** Containers of the network find each other by name. */
  hasDns: boolean;
  /** Ports of dom0 that the network's containers reach, besides those of name servers. */
  hostPorts?: HostPort[];
  labels: Record<string, string>;
  /** Milliseconds since 1970. */
  created: number;
}

/** Reads a network file of any version of thaw: earlier ones named no driver. Pure. */
export function readRecord(text: string): NetworkRecord {
  const stored = JSON.parse(text) as Omit<NetworkRecord, 'driver'> & { driver?: string };
  return { driver: 'cni' in stored ? 'cni' : 'bridge', ...stored };
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
    await sync(this.#folder);
  }

  /** Reads all network files. A file that cannot be read is logged and left in place. */
  async loadAll(log: Log): Promise<NetworkRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    await removeTemporaries(this.#folder);
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.json'));
    const records: NetworkRecord[] = [];
    for (const name of names) {
      try {
        const text = await readFile(join(this.#folder, name), 'utf8');
        records.push(readRecord(text));
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
