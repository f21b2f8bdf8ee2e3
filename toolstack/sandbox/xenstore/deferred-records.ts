// SPDX-License-Identifier: Apache-2.0
// What xenstore and libxl say of a sandbox's domain that no start waits for: written a little after it, and again when its name changes.

import type { StoreEntry } from '../../../xenstore/index.js';
import type { Domid } from '../../base/ids.js';
import { nameNodes, renamedNodes, writeLater } from '../../xen/records.js';
import { renameUserdata } from '../../xen/userdata.js';
import type { SandboxRecord } from '../record.js';
import { quietly } from '../release.js';
import type { SandboxServices } from '../services.js';

/** After the start: a container that ends sooner than that has no use for a console. */
const LATER_MS = 250;

export class LateRecords {
  readonly #services: SandboxServices;
  readonly #record: SandboxRecord;
  readonly #domid: Domid;
  readonly #later: readonly StoreEntry[];
  readonly #isRenamed: boolean;
  #timer: NodeJS.Timeout | undefined;
  #written: Promise<void> | undefined;

  /** `later` is what was left for after the start, and `isRenamed` says that the domain still has another name. */
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

  /** From now on their time runs. */
  schedule(): void {
    clearTimeout(this.#timer);
    if (this.#later.length > 0 || this.#isRenamed)
      this.#timer = setTimeout(() => void this.written(), LATER_MS);
  }

  /** Nobody will read them. */
  cancel(): void {
    clearTimeout(this.#timer);
  }

  /** Resolves when they are there: who must read them need not wait for their time. Never rejects. */
  async written(): Promise<void> {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#written ??= this.#write();
    await this.#written;
  }

  /** Gives the domain another name. Rejects when xenstore or libxl's file cannot be written. */
  async rename(name: string): Promise<void> {
    await this.written();
    const { uuid } = this.#record;
    await writeLater(this.#services.host, this.#domid, uuid, nameNodes(this.#domid, uuid, name));
    await renameUserdata(this.#domid, uuid, name);
  }

  /** Writes what an earlier thawd did not come to: nodes that are still to be written, and its own name where the domain has another. */
  async catchUp(): Promise<void> {
    const { host } = this.#services;
    const { name, uuid, later = [] } = this.#record;
    const [first] = later;
    // All of them or none: one transaction writes them, and xenconsoled has its own values in some since.
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
