// SPDX-License-Identifier: Apache-2.0
// Finds the template of a shape: in memory, on disk, or a new one. Each is made once, however many callers ask.

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError } from '../../base/errors.js';
import type { XenHost } from '../../xen/host.js';
import { makeTemplate } from './make.js';
import { closeFd } from './memfd.js';
import { templateKey, type GuestFiles, type Shape } from './shape.js';
import { hostTraits, type HostTraits } from './host-traits.js';
import { loadTemplate, storedShape, type Template } from './template.js';

export class Templates {
  readonly #host: XenHost;
  readonly #guest: GuestFiles;
  readonly #folder: string;
  readonly #helloMs: number;
  readonly #ready = new Map<string, Promise<Template>>();
  readonly #keys = new Map<string, Promise<string>>();

  /** `folder` keeps one folder a template, named by its key. A booting guest must say hello within `helloMs`. */
  constructor(host: XenHost, guest: GuestFiles, folder: string, helloMs: number) {
    this.#host = host;
    this.#guest = guest;
    this.#folder = folder;
    this.#helloMs = helloMs;
  }

  /** Resolves with the template of that shape. After a failure the next call tries again. */
  async get(shape: Shape): Promise<Template> {
    const key = await this.#keyOf(shape);
    const known = this.#ready.get(key);
    if (known) return known;
    const making = this.#loadOrMake(key, shape);
    this.#ready.set(key, making);
    making.catch(() => this.#ready.delete(key));
    return making;
  }

  /** The guest files do not change while thawd runs. */
  #keyOf(shape: Shape): Promise<string> {
    const name = `${shape.type} ${shape.vcpus} ${shape.memoryKib}`;
    const known = this.#keys.get(name) ?? templateKey(this.#host, this.#guest, shape);
    this.#keys.set(name, known);
    known.catch(() => this.#keys.delete(name));
    return known;
  }

  /** The traits of this host that guests rely on. */
  traits(): Promise<HostTraits> {
    return hostTraits(this.#host, this.#guest);
  }

  /** Lists the templates in memory. */
  async list(): Promise<Template[]> {
    const settled = await Promise.allSettled(this.#ready.values());
    return settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** Removes stored templates that no longer fit this guest or host, and half-written and damaged ones. */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.#folder).catch(() => [])) {
      const folder = join(this.#folder, name);
      const shape = await storedShape(folder);
      const isCurrent =
        shape !== undefined && (await templateKey(this.#host, this.#guest, shape)) === name;
      if (!isCurrent) await rm(folder, { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    for (const template of await this.list()) closeFd(template.fd);
    this.#ready.clear();
  }

  async #loadOrMake(key: string, shape: Shape): Promise<Template> {
    const folder = join(this.#folder, key);
    try {
      const stored = await loadTemplate(folder);
      if (stored) return stored;
    } catch (error) {
      this.#host.log.warn(`Making the template anew: ${describeError(error)}`);
    }
    const helloMs = this.#helloMs;
    return makeTemplate(this.#host, this.#guest, { key, shape, folder, helloMs });
  }
}
