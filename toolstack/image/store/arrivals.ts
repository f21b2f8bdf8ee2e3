// SPDX-License-Identifier: Apache-2.0
// Gets images into the store. Concurrent calls for an image share one pull, and an image with an unchanged source is not pulled.

import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../../base/progress.js';
import type { Reserve } from '../../disk/index.js';
import type { BlobStore } from './blobs.js';
import type { Catalog } from './catalog.js';
import { ImageError } from '../errors.js';
import { stampOf } from './freshness.js';
import type { LayerLimits } from '../layers/rules.js';
import type { LayerStore } from '../layers/layers.js';
import { makeWorkDir } from './leftovers.js';
import { isSameImage } from '../config/manifest.js';
import { pullImage, type PullJob } from './pull.js';
import type { NameRecord, Records } from './records.js';
import type { ImageReference } from '../reference.js';
import { inspectRaw, type SourceOptions } from '../transports/skopeo.js';
import type { Image, PullOptions } from '../types.js';
import { SharedWork, type KeyedQueue, type Pins } from '../shared-work.js';

/** The objects that the parts of a store share. */
export interface ImageServices {
  root: string;
  limits: LayerLimits;
  keepsBlobs: boolean;
  reserve: Reserve;
  records: Records;
  layers: LayerStore;
  blobs: BlobStore;
  catalog: Catalog;
  /** Runs changes of records and prunes of layers one at a time. */
  changes: KeyedQueue;
  /** Images that must not be removed yet. */
  holds: Pins;
}

/** Gets images for a store; calls for the same image share one pull. */
export class Arrivals {
  readonly #services: ImageServices;
  readonly #pulls = new SharedWork<string>();

  constructor(services: ImageServices) {
    this.#services = services;
  }

  /** Rejects as pullImage() does. `names` replace the reference as the image's names: the reference then stands for a file that may not last. */
  async get(
    ref: ImageReference,
    options: PullOptions,
    names: readonly string[] | undefined = undefined,
  ): Promise<Image> {
    const { tlsVerify, authFile } = options;
    const key = JSON.stringify([ref.skopeo, tlsVerify, authFile, names]);
    const { signal, onProgress } = options;
    // A removal may come between the end of the pull and this line: then pull again.
    for (let tries = 0; tries < 5; tries++) {
      const id = await this.#pulls.run(
        key,
        (shared, progress) => this.#pullOnce(ref, names, { tlsVerify, authFile }, shared, progress),
        { signal, onProgress },
      );
      const image = this.#hand(id);
      if (image !== undefined) return image;
    }
    throw new ImageError(
      'ERR_IMAGE_NOT_FOUND',
      `Cannot keep image "${ref.name}": another command removes it whenever it is pulled`,
    );
  }

  /** Returns an image, and protects it for the rest of this turn of the event loop: by then `isUsed` must know of the caller's use. */
  #hand(id: string): Image | undefined {
    const record = this.#services.records.images.get(id);
    if (record === undefined) return undefined;
    setImmediate(this.#services.holds.pin([id]));
    return this.#services.catalog.present(record);
  }

  async #pullOnce(
    ref: ImageReference,
    names: readonly string[] | undefined,
    source: SourceOptions,
    signal: AbortSignal,
    progress: OnProgress,
  ): Promise<string> {
    const known = names === undefined ? this.#services.records.names.get(ref.name) : undefined;
    if (known !== undefined && (await this.#isUnchanged(ref, known, source, signal))) {
      progress({ text: `Image ${ref.name} is up to date` });
      return known.id;
    }
    const keepsBlobs = this.#services.keepsBlobs;
    const commit: PullJob['commit'] = (dir, image, name) =>
      this.#services.changes.run('', async () => {
        const before = this.#services.records.images.get(image.id)?.source?.manifest.digest;
        await this.#services.blobs.take(dir, image.source, keepsBlobs);
        const given = names === undefined ? name : { ...name, stamp: '' };
        const all = (names ?? [ref.name]).map((own) => [own, given] as const);
        await this.#services.records.addImage(image, Object.fromEntries(all));
        // The same image with another manifest, whose layers are compressed differently: the old blobs are unused now.
        if (before !== undefined && before !== image.source.manifest.digest)
          await this.#services.catalog.prune();
      });
    const { root, layers, limits, reserve } = this.#services;
    const tmpRoot = join(root, 'tmp');
    const rest = { root, tmpRoot, layers, limits, progress, keepsBlobs, commit };
    try {
      return await reserve.guarding(root, `pull "${ref.name}"`, signal, (whileRoom) =>
        pullImage({ ...source, ...rest, ref, signal: whileRoom }),
      );
    } catch (error) {
      // No image uses the layers that this pull converted; prune() keeps those that another pull needs.
      await this.#services.changes.run('', () => this.#services.catalog.prune());
      throw error;
    }
  }

  async #isUnchanged(
    ref: ImageReference,
    known: NameRecord,
    source: SourceOptions,
    signal: AbortSignal,
  ): Promise<boolean> {
    const record = this.#services.records.images.get(known.id);
    if (record === undefined || !(await this.#services.catalog.isWhole(record))) return false;
    if (this.#services.keepsBlobs && !(await this.#services.catalog.isKept(record))) return false;
    if (ref.paths.length > 0) return (await stampOf(ref)) === known.stamp;
    const tmpDir = await makeWorkDir(join(this.#services.root, 'tmp'));
    try {
      return isSameImage(
        await inspectRaw(ref, { ...source, tmpDir, signal }),
        known.manifestDigest,
      );
    } finally {
      await rm(tmpDir, { recursive: true, force: true });
    }
  }
}
