// SPDX-License-Identifier: Apache-2.0
// Pulls, finds, names, removes and exports the images of this host. A process has one ImageStore for a folder.
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Log } from '../../base/log.js';
import { noReserve, type Reserve } from '../../disk/index.js';
import { savedImages } from '../transports/archive.js';
import { Arrivals } from './arrivals.js';
import { BlobStore } from './blobs.js';
import { Catalog } from './catalog.js';
import { addLayer, type CommitChange } from './commit.js';
import { ImageError } from '../errors.js';
import { removeTemporaries } from '../../base/files.js';
import { readDetails, type ImageDetails } from './details.js';
import {
  exportImage,
  exportJob,
  pushTarget,
  savedName,
  saveImage,
  type ExportJob,
} from './export.js';
import { DEFAULT_LIMITS } from '../layers/rules.js';
import { LayerStore } from '../layers/layers.js';
import { makeWorkDir, removeLeftovers } from './leftovers.js';
import { parseReference } from '../reference.js';
import { Records, type ImageRecord } from './records.js';
import { pruneImages, removeImage, type Pruned } from './removal.js';
import { tagImage, untagImage, tagName } from './tags.js';
import type {
  Image,
  ImageStoreOptions,
  ImageUsage,
  LoadedImage,
  PullOptions,
  PullPolicy,
  SaveOptions,
} from '../types.js';
import { KeyedQueue, Pins } from '../shared-work.js';

export class ImageStore {
  readonly #root: string;
  readonly #log: Log;
  readonly #records: Records;
  readonly #blobs: BlobStore;
  readonly #catalog: Catalog;
  readonly #arrivals: Arrivals;
  readonly #reserve: Reserve;
  /** Runs changes of records and prunes of layers one at a time. */
  readonly #changes = new KeyedQueue();
  readonly #holds = new Pins();
  #opened: Promise<void> | undefined;

  constructor(options: ImageStoreOptions) {
    this.#root = options.root;
    this.#log = options.log;
    this.#reserve = options.reserve ?? noReserve;
    this.#records = new Records(options.root, options.log);
    const layers = new LayerStore(join(options.root, 'layers'));
    this.#blobs = new BlobStore(join(options.root, 'blobs'));
    this.#catalog = new Catalog(this.#records, layers, this.#blobs);
    this.#arrivals = new Arrivals({
      root: options.root,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      keepsBlobs: options.keepsBlobs ?? true,
      reserve: this.#reserve,
      records: this.#records,
      layers,
      blobs: this.#blobs,
      catalog: this.#catalog,
      changes: this.#changes,
      holds: this.#holds,
    });
  }

  /** Makes a store and opens it. */
  static async open(options: ImageStoreOptions): Promise<ImageStore> {
    const store = new ImageStore(options);
    await store.open();
    return store;
  }

  /** The folder of all erofsPaths. */
  get layersFolder(): string {
    return join(this.#root, 'layers');
  }

  /** Reads the store and removes the work folders of crashed pulls. Every other method calls it first. */
  open(): Promise<void> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Gets an image from its source, quickly if the source has not changed. Calls for the same image share one pull. */
  async pull(reference: string, options: PullOptions = {}): Promise<Image> {
    await this.open();
    return this.#arrivals.get(parseReference(reference, options), options);
  }

  /**
   * Resolves with the image for `thaw run`, by name, skopeo reference or start of an id. `missing` asks no registry for a stored name, but reads a
   * changed local archive or folder again; `always` asks the source; `never` pulls nothing.
   */
  async resolve(
    reference: string,
    options: PullOptions & { pullPolicy?: PullPolicy } = {},
  ): Promise<Image> {
    const { pullPolicy = 'missing' } = options;
    await this.open();
    const ref = parseReference(reference, options);
    const stored =
      this.#catalog.byName(ref) ??
      (pullPolicy === 'always' ? undefined : this.#catalog.byId(reference, ref));
    const mayUse =
      pullPolicy === 'never' || (pullPolicy === 'missing' && ref.transport === 'docker');
    if (stored !== undefined && mayUse && (await this.#catalog.isWhole(stored)))
      return this.#catalog.present(stored);
    if (pullPolicy === 'never') {
      throw new ImageError(
        'ERR_IMAGE_NOT_FOUND',
        `Cannot find image "${ref.name}" in the store: pull it first with thaw pull`,
      );
    }
    return this.#arrivals.get(ref, options);
  }

  /** Resolves with all images, sorted by name. */
  async list(): Promise<Image[]> {
    await this.open();
    const images = [...this.#records.images.values()].map((record) =>
      this.#catalog.present(record),
    );
    return images.sort((a, b) => (a.names[0] ?? '\uffff').localeCompare(b.names[0] ?? '\uffff'));
  }

  /**
   * Removes a name from an image, and the image with its last name. By id, removes all names; several need `force`. `isUsed` returns true when a
   * container needs the image. Resolves with a line for each removed name and image. Rejects with ERR_IMAGE_NOT_FOUND, ERR_IMAGE_IN_USE.
   */
  async remove(
    reference: string,
    isUsed: (image: Image) => boolean,
    options: { cwd?: string | undefined; force?: boolean } = {},
  ): Promise<string[]> {
    await this.open();
    const ref = parseReference(reference, options);
    return this.#changes.run('', async () => {
      // A caller that just got the image has this turn to make isUsed() aware of its use.
      await nextTurn();
      const isNeeded = (image: Image): boolean => this.#holds.has(image.id) || isUsed(image);
      return removeImage(this.#records, this.#catalog, ref, {
        text: reference,
        isNeeded,
        force: options.force === true,
      });
    });
  }

  /** Gives an image further names, also names that another image had. */
  async tag(reference: string, names: readonly string[], cwd?: string): Promise<void> {
    await this.open();
    const ref = parseReference(reference, { cwd });
    await this.#changes.run('', () =>
      tagImage(this.#records, this.#catalog.find(reference, ref), ref, names),
    );
  }

  /** Removes names from an image, all of them if `names` is empty; the image stays. Resolves with the removed names. */
  async untag(reference: string, names: readonly string[], cwd?: string): Promise<string[]> {
    await this.open();
    const ref = parseReference(reference, { cwd });
    return this.#changes.run('', () =>
      untagImage(this.#records, this.#catalog.find(reference, ref), names, cwd),
    );
  }

  /** Removes images without a name, or with `all` every one, that `isUsed` says no container needs. */
  async prune(isUsed: (image: Image) => boolean, all: boolean): Promise<Pruned> {
    await this.open();
    return this.#changes.run('', async () => {
      await nextTurn();
      const isNeeded = (image: Image): boolean => this.#holds.has(image.id) || isUsed(image);
      return pruneImages(this.#records, this.#catalog, { isNeeded, all });
    });
  }

  /** Resolves with an image's details. Rejects with ERR_IMAGE_NOT_FOUND. */
  async details(reference: string, cwd?: string): Promise<ImageDetails> {
    await this.open();
    const record = this.#catalog.find(reference, parseReference(reference, { cwd }));
    return readDetails(this.#catalog.present(record), record, this.#blobs);
  }

  /** Resolves with the number of images, and their bytes on disk. */
  async usage(isUsed: (image: Image) => boolean): Promise<ImageUsage> {
    await this.open();
    const records = [...this.#records.images.values()];
    const used = records.filter((record) => isUsed(this.#catalog.present(record)));
    const [bytes, usedBytes] = [this.#catalog.bytesOf(records), this.#catalog.bytesOf(used)];
    return {
      total: records.length,
      used: used.length,
      bytes: await bytes,
      usedBytes: await usedBytes,
    };
  }

  /** Copies an image to a registry or another skopeo destination; without a destination, to the image's own name. */
  async push(
    reference: string,
    destination: string | undefined,
    options: PullOptions = {},
  ): Promise<void> {
    await this.open();
    const ref = parseReference(reference, options);
    const record = this.#catalog.find(reference, ref);
    if (
      destination === undefined &&
      (ref.transport !== 'docker' || !this.#records.names.has(ref.name))
    )
      throw new ImageError(
        'ERR_IMAGE_REFERENCE',
        `Cannot push "${reference}": that is no registry's name; give a destination after it`,
      );
    const target = pushTarget(destination ?? ref.name, options.cwd);
    await exportImage(await this.#job(record, options), target);
  }

  /** Writes an image to `path` in a format that podman and docker read. */
  async save(reference: string, { path, format, title, ...options }: SaveOptions): Promise<void> {
    await this.open();
    const ref = parseReference(reference, options);
    const record = this.#catalog.find(reference, ref);
    const name = this.#records.names.has(ref.name) ? savedName(ref.name) : '';
    await this.#reserve.guarding(dirname(path), `save "${title}"`, options.signal, async (signal) =>
      saveImage(await this.#job(record, { ...options, signal }), { path, format, name, title }),
    );
  }

  /** Loads all images of a saved file or folder under their names in it. The images' other names stay. */
  async load(path: string, options: PullOptions = {}): Promise<LoadedImage[]> {
    await this.open();
    const signal = options.signal ?? new AbortController().signal;
    const workDir = await this.workDir();
    try {
      const images: LoadedImage[] = [];
      for (const { ref, names } of await savedImages(path, { tmpDir: workDir, signal }))
        images.push({ image: await this.#arrivals.get(ref, options, names), names });
      return images;
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  }

  /**
   * Makes an image of the base image and one more layer, under these names, written as on a registry. `writeLayer` writes a tar into a folder and
   * resolves with its path. Rejects with ERR_IMAGE_NOT_FOUND, ERR_IMAGE_NOT_KEPT, ERR_IMAGE_REFERENCE, ERR_DISK_RESERVE, and as pull() does.
   */
  async commit(
    baseId: string,
    names: readonly string[],
    {
      writeLayer,
      ...change
    }: CommitChange &
      PullOptions & { writeLayer: (folder: string, signal: AbortSignal) => Promise<string> },
  ): Promise<Image> {
    await this.open();
    const wanted = names.map(tagName);
    const base = this.#records.images.get(baseId);
    if (!base)
      throw new ImageError('ERR_IMAGE_NOT_FOUND', `Image ${baseId} is gone: pull it again`);
    const { source } = await this.#job(base, change);
    return this.#reserve.guarding(this.#root, 'make the image', change.signal, async (signal) => {
      const workDir = await this.workDir();
      try {
        const dir = join(workDir, 'image');
        await this.#blobs.layOut(source, dir, false);
        await addLayer(dir, await writeLayer(workDir, signal), change);
        return await this.#arrivals.get(parseReference(`dir:${dir}`), { signal }, wanted);
      } finally {
        await rm(workDir, { recursive: true, force: true });
      }
    });
  }

  /** Runs work that writes into workDir(), as Reserve.guarding() does. */
  guarding<T>(
    action: string,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return this.#reserve.guarding(this.#root, action, signal, work);
  }

  /** Makes a work folder in the store, which the caller removes. The next start of thawd removes a forgotten one. */
  async workDir(): Promise<string> {
    await this.open();
    return makeWorkDir(join(this.#root, 'tmp'));
  }

  #job(record: ImageRecord, options: PullOptions): Promise<ExportJob> {
    const services = { root: this.#root, catalog: this.#catalog, blobs: this.#blobs };
    return exportJob(services, record, options);
  }

  async #open(): Promise<void> {
    const tmpRoot = join(this.#root, 'tmp');
    for (const dir of ['tmp', 'images', 'layers', 'blobs'].map((name) => join(this.#root, name)))
      await mkdir(dir, { recursive: true, mode: 0o700 });
    const leftovers = await removeLeftovers(tmpRoot);
    for (const dir of ['.', 'images', 'layers']) await removeTemporaries(join(this.#root, dir));
    await this.#records.load();
    for (const record of [...this.#records.images.values()]) {
      if (await this.#catalog.isWhole(record)) continue;
      this.#log.warn(`Dropping image ${record.id}: layers are missing or damaged; pull it again`);
      await this.#records.removeImage(record.id);
    }
    const bytes = await this.#catalog.prune();
    if (leftovers > 0 || bytes > 0)
      this.#log.info(`Removed ${leftovers} unfinished pulls and ${bytes} bytes of unused layers`);
  }
}
