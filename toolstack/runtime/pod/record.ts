// SPDX-License-Identifier: Apache-2.0
// What thawd writes down of a pod, and where: a folder each, with pod.json.

import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { PodCreateOptions } from '../../api/engine.js';
import { writeAtomic } from '../../base/files.js';
import type { PodId } from '../../base/ids.js';
import type { Log } from '../../base/log.js';
import { readAttachment } from '../../network/index.js';
import type { SandboxRecord } from '../../sandbox/record.js';

export interface PodRecord {
  id: PodId;
  name: string;
  options: PodCreateOptions;
  hostname: string;
  /** This and the other times in milliseconds since 1970. */
  created: number;
  started?: number;
  /** `starting` while its domain is being made; a thawd that ended then did not come to the end of it. */
  state: 'created' | 'starting' | 'running' | 'paused' | 'exited';
  /** Why its domain ended, where nobody stopped it. */
  reason?: string | undefined;
  /** Of its last domain. */
  sandbox?: SandboxRecord;
}

export class PodStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Writes it whole or not at all. */
  async save(record: PodRecord): Promise<void> {
    const folder = join(this.#folder, record.id);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const text = `${JSON.stringify(record, null, 2)}\n`;
    await writeAtomic(join(folder, 'pod.json'), text, { lasts: record.state !== 'running' });
  }

  async remove(id: PodId): Promise<void> {
    await rm(join(this.#folder, id), { recursive: true, force: true });
  }

  /** All records; a folder whose record cannot be read is logged and removed, for nothing can be done with it. */
  async loadAll(log: Log): Promise<PodRecord[]> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const records: PodRecord[] = [];
    for (const name of await readdir(this.#folder)) {
      try {
        const text = await readFile(join(this.#folder, name, 'pod.json'), 'utf8');
        const record = JSON.parse(text) as PodRecord;
        const network = record.sandbox?.network;
        if (record.sandbox && network) record.sandbox.network = readAttachment(network);
        records.push(record);
      } catch (error) {
        log.error(`Removing pod folder ${name}: its record cannot be read`, { error });
        await rm(join(this.#folder, name), { recursive: true, force: true });
      }
    }
    return records;
  }
}
