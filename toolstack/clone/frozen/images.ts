// SPDX-License-Identifier: Apache-2.0
// The frozen images of this host: each has a folder with its plan and its template, which is made again where it no longer fits.

import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, ThawError } from '../../base/errors.js';
import { removeTemporaries, sync, writeAtomic } from '../../base/files.js';
import type { OnProgress } from '../../base/progress.js';
import type { XenHost } from '../../xen/host.js';
import { putInto } from './image.js';
import { frozenKey, loadContainer } from './load-image.js';
import { parsePlan, type ContainerPlan, type FrozenPlan, type ImagePlan } from './plan.js';
import { makeTemplate } from '../template/make.js';
import { closeFd } from '../template/memfd.js';
import type { GuestFiles } from '../template/shape.js';
import { loadTemplate, saveTemplate, type Template } from '../template/template.js';

export interface FrozenImage {
  plan: FrozenPlan;
  template: Template;
}

export interface FrozenServices {
  host: XenHost;
  guest: GuestFiles;
  helloMs: number;
  /** Retires a template. Resolves once no clone of it is being made. */
  onGone: (template: Template) => Promise<void>;
  /** makeTemplate(), which tests replace. */
  make?: typeof makeTemplate;
}

const PLAN = 'frozen.json';
const TEMPLATE = 'template';
const UPPER = 'upper.ext4';

export class FrozenImages {
  readonly #services: FrozenServices;
  readonly #folder: string;
  readonly #plans = new Map<string, FrozenPlan>();
  readonly #ready = new Map<string, Promise<FrozenImage>>();
  readonly #inMemory = new Map<string, FrozenImage>();

  private constructor(services: FrozenServices, folder: string) {
    this.#services = services;
    this.#folder = folder;
  }

  /** Reads the stored frozen images. It removes a plan that cannot be read, and logs that. */
  static async open(services: FrozenServices, folder: string): Promise<FrozenImages> {
    const images = new FrozenImages(services, folder);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(folder)) {
      try {
        const text = await readFile(join(folder, name, PLAN), 'utf8');
        images.#plans.set(name, parsePlan(text));
        await removeTemporaries(join(folder, name));
      } catch (error) {
        services.host.log.warn(`Removing frozen image ${name}: ${describeError(error)}`);
        await rm(join(folder, name), { recursive: true, force: true });
      }
    }
    return images;
  }

  /** The folder of all frozen images. */
  get folder(): string {
    return this.#folder;
  }

  /** Plans by name. */
  list(): FrozenPlan[] {
    return [...this.#plans.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** Makes the frozen image of `plan`, in place of an older one of its name. Resolves once it can be cloned. */
  freeze(plan: ImagePlan, onProgress?: OnProgress): Promise<FrozenImage> {
    return this.#add(plan, () => this.#make(plan, onProgress));
  }

  /**
   * Keeps the snapshot of a running container under its plan's name, in place of an older one. `copied` belongs to this collection from
   * now on, also when it rejects. A snapshot that cannot be stored is refused, since it cannot be made again.
   */
  async keep(plan: ContainerPlan, copied: Omit<Template, 'key'>): Promise<FrozenImage> {
    const { fd, running } = copied;
    try {
      return await this.#add(plan, async () => {
        const folder = join(this.#folder, plan.name);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        const template = await keepDisk({ ...copied, key: await this.#key(plan) }, folder);
        await saveTemplate(join(folder, TEMPLATE), template);
        return this.#keep({ plan, template });
      });
    } catch (error) {
      this.#inMemory.delete(plan.name);
      closeFd(fd);
      if (running?.upper) await rm(running.upper.path, { force: true });
      const cannot = `Cannot keep frozen container "${plan.name}": its memory cannot be stored in ${this.#folder}`;
      throw error instanceof ThawError
        ? error
        : new ThawError('ERR_FROZEN_STORE', cannot, { cause: error });
    }
  }

  async #add(plan: FrozenPlan, make: () => Promise<FrozenImage>): Promise<FrozenImage> {
    const { host } = this.#services;
    if (this.#plans.has(plan.name)) await this.remove(plan.name);
    if (this.#ready.has(plan.name)) {
      const message = `Cannot freeze ${plan.name}: it is being frozen just now; wait, or choose another name`;
      throw new ThawError('ERR_FROZEN_BUSY', message);
    }
    const folder = join(this.#folder, plan.name);
    const making = make();
    this.#ready.set(plan.name, making);
    try {
      const image = await making;
      await writeAtomic(join(folder, PLAN), JSON.stringify(plan, null, 2));
      this.#plans.set(plan.name, plan);
      return image;
    } catch (error) {
      this.#ready.delete(plan.name);
      await rm(folder, { recursive: true, force: true }).catch((failure: unknown) =>
        host.log.error(`Cannot remove ${folder}`, { error: failure }),
      );
      throw error;
    }
  }

  /** True while a frozen image needs the image's files to make clones. */
  needsImage(imageId: string): boolean {
    return this.list().some(
      (plan) => plan.kind === 'container' && plan.imageId === imageId && plan.layers.length > 0,
    );
  }

  /**
   * Returns the frozen image of that name. Rejects with ERR_FROZEN_NOT_FOUND. A damaged or outdated one is made again; one of a container,
   * which cannot be, is refused with ERR_FROZEN_CONTAINER.
   */
  get(name: string): Promise<FrozenImage> {
    const known = this.#ready.get(name);
    if (known) return known;
    const plan = this.#plans.get(name);
    if (!plan) return Promise.reject(notFound(name));
    const loading = this.#load(plan);
    this.#ready.set(name, loading);
    loading.catch(() => this.#ready.delete(name));
    return loading;
  }

  /** Returns the template of that name where it is in memory. */
  loaded(name: string): Template | undefined {
    return this.#inMemory.get(name)?.template;
  }

  /** Removes a frozen image. Rejects with ERR_FROZEN_NOT_FOUND. Its running containers stay: they are complete clones. */
  async remove(name: string): Promise<void> {
    if (!this.#plans.delete(name)) throw notFound(name);
    const ready = this.#ready.get(name);
    this.#ready.delete(name);
    this.#inMemory.delete(name);
    await removeFrozen(join(this.#folder, name));
    const image = await ready?.catch(() => undefined);
    if (image) await this.#letGo(image);
  }

  async close(): Promise<void> {
    for (const result of await Promise.allSettled(this.#ready.values()))
      if (result.status === 'fulfilled') closeFd(result.value.template.fd);
    this.#ready.clear();
  }

  async #letGo({ template }: FrozenImage): Promise<void> {
    template.isGone = true;
    await this.#services.onGone(template);
    closeFd(template.fd);
  }

  async #load(plan: FrozenPlan): Promise<FrozenImage> {
    const { host } = this.#services;
    const folder = join(this.#folder, plan.name, TEMPLATE);
    if (plan.kind === 'container')
      return this.#keep({
        plan,
        template: await loadContainer(plan, folder, await this.#key(plan)),
      });
    try {
      const template = await loadTemplate(folder);
      if (template?.key === (await this.#key(plan))) return this.#keep({ plan, template });
      if (template) closeFd(template.fd);
      host.log.info(`Freezing ${plan.name} anew: its guest or this host has changed`);
    } catch (error) {
      host.log.warn(`Freezing ${plan.name} anew: ${describeError(error)}`);
    }
    return this.#make(plan);
  }

  async #make(plan: ImagePlan, onProgress: OnProgress = () => undefined): Promise<FrozenImage> {
    const { host, guest, helloMs } = this.#services;
    const { name, shape, layers, upperKib, start } = plan;
    const sizes = await Promise.all(layers.map((layer) => stat(layer))).catch((cause: unknown) => {
      const message = `Cannot freeze ${name}: a layer of ${plan.image} is gone; pull it and freeze it again`;
      throw new ThawError('ERR_FROZEN_IMAGE', message, { cause });
    });
    const folder = join(this.#folder, name);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const { make = makeTemplate } = this.#services;
    const text = `Freezing ${name}`;
    const total = sizes.reduce((sum, { size }) => sum + size, 0);
    onProgress({ text });
    const onSent = (done: number): void => onProgress({ text, done, total });
    const template = await make(host, guest, {
      key: await this.#key(plan),
      shape,
      folder: join(folder, TEMPLATE),
      helloMs,
      prepare: putInto(host, { layers, upperKib, start }, onSent),
    });
    return this.#keep({ plan, template });
  }

  #keep(image: FrozenImage): FrozenImage {
    this.#inMemory.set(image.plan.name, image);
    return image;
  }

  #key(plan: FrozenPlan): Promise<string> {
    const { host, guest } = this.#services;
    return frozenKey(host, guest, plan);
  }
}

/** The plan goes first: without it the next thawd removes the rest. */
async function removeFrozen(folder: string): Promise<void> {
  await rm(join(folder, PLAN), { force: true });
  await rm(folder, { recursive: true, force: true });
}

/** Moves the copy of the container's disk, if any, beside the template. */
async function keepDisk(template: Template, folder: string): Promise<Template> {
  const { running } = template;
  if (!running?.upper) return template;
  const path = join(folder, UPPER);
  await sync(running.upper.path);
  await rename(running.upper.path, path);
  return { ...template, running: { ...running, upper: { ...running.upper, path } } };
}

function notFound(name: string): ThawError {
  return new ThawError(
    'ERR_FROZEN_NOT_FOUND',
    `No frozen image is called "${name}": see thaw templates, or make one with thaw freeze`,
  );
}
