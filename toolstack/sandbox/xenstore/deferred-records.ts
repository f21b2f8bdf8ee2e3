// SPDX-License-Identifier: Apache-2.0
// Writes the records of a sandbox's domain in xenstore and libxl that no start waits for: a little after the start, and again when the name changes.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Domid } from '../../base/ids.js';
import { nameNodes, renamedNodes, writeLater } from '../../xen/records.js';
import { renameUserdata } from '../../xen/userdata.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import type { SandboxServices } from '../services.js';

/** Delay after the start: a container that ends sooner has no use for a console. */
const LATER_MS = 250;

export class LateRecords {
  readonly #services: SandboxServices;
  readonly #record: SandboxRecord;
  readonly #domid: Domid;
  readonly #later: readonly StoreEntry[];
  readonly #isRenamed: boolean;
  #timer: NodeJS.Timeout | undefined;
  #written: Promise<void> | undefined;

  /** `later` are the nodes deferred until after the start. `isRenamed` says that the domain still has another name. */
  constructor(
    services: SandboxServices,
    record: SandboxRecord,
    domid: Domid,
    { later = [], isRenamed = false }: { later?: readonly StoreEntry[]; isRenamed?: boolean },
  ) {
    this.#services = services;
    this.#record = record;
    this.#domid = domid;
    this.#later = later;
    this.#isRenamed = isRenamed;
  }

  /** Starts the delay after which the records are written. */
  schedule(): void {
    clearTimeout(this.#timer);
    if (this.#later.length > 0 || this.#isRenamed)
      this.#timer = setTimeout(() => void this.written(), LATER_MS);
  }

  /** Cancels the deferred writes. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** Writes scheduled records at once, without the rest of their delay. Resolves when they are written. Never rejects. */
  async written(): Promise<void> {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#written ??= this.#write();
    await this.#written;
  }

  /** Renames the domain. Rejects when xenstore or libxl's file cannot be written. */
  async rename(name: string): Promise<void> {
    await this.written();
    const { uuid } = this.#record;
    await writeLater(this.#services.host, this.#domid, uuid, nameNodes(this.#domid, uuid, name));
    await renameUserdata(this.#domid, uuid, name);
  }

  /** Writes the records that an earlier thawd did not write: its deferred nodes, and the domain's name where that differs. */
  async catchUp(): Promise<void> {
    const { host } = this.#services;
    const { name, uuid, later = [] } = this.#record;
    const [first] = later;
    // One transaction writes all nodes or none. xenconsoled may have written its own values into some since.
    if (first && (await host.xenstore.readIfExists(first.path)) === undefined)
      await writeLater(host, this.#domid, uuid, later);
    delete this.#record.later;
    const path = `/local/domain/${this.#domid}/name`;
    if ((await host.xenstore.readIfExists(path)) !== name) await this.rename(name);
  }

  async #write(): Promise<void> {
    const { host } = this.#services;
    const { uuid, name, memoryKib: maxMemoryKib } = this.#record;
    const renamed = this.#isRenamed ? renamedNodes(this.#domid, { uuid, name, maxMemoryKib }) : [];
    await quietly(this.#services, () =>
      writeLater(host, this.#domid, uuid, [...this.#later, ...renamed]),
    );
    if (this.#isRenamed)
      await quietly(this.#services, () => renameUserdata(this.#domid, uuid, name));
    delete this.#record.later;
  }
}
