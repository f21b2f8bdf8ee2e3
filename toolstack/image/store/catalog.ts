// SPDX-License-Identifier: Apache-2.0
// Finds images in the store by name and id, checks that their layers are complete, and prunes unused layers.

import type { BlobStore } from './blobs.js';
import { ImageError } from '../errors.js';
import type { LayerStore } from '../layers/layers.js';
import type { ImageReference } from '../reference.js';
import type { ImageRecord, Records } from './records.js';
import type { Image } from '../types.js';

export class Catalog {
  readonly #records: Records;
  readonly #layers: LayerStore;
  readonly #blobs: BlobStore;

  constructor(records: Records, layers: LayerStore, blobs: BlobStore) {
    this.#records = records;
    this.#layers = layers;
    this.#blobs = blobs;
  }

  /** Returns the image of that name. */
  byName(ref: ImageReference): ImageRecord | undefined {
    const id = this.#records.names.get(ref.name)?.id;
    return id === undefined ? undefined : this.#records.images.get(id);
  }

  /** Returns the image whose id starts with `text`. Throws ERR_IMAGE_REFERENCE for several such images. */
  byId(text: string, ref: ImageReference): ImageRecord | undefined {
    const ids = ref.maybeId ? this.#records.idsStartingWith(text) : [];
    if (ids.length > 1)
      throw new ImageError(
        'ERR_IMAGE_REFERENCE',
        `Image id "${text}" is ambiguous: ${ids.length} images start with it; give more digits`,
      );
    return ids[0] === undefined ? undefined : this.#records.images.get(ids[0]);
  }

  /** True when all the image's layers have their full length. */
  async isWhole(record: ImageRecord): Promise<boolean> {
    const there = record.layers.map(({ key, bytes }) => this.#layers.isThere(key, bytes));
    return (await Promise.all(there)).every(Boolean);
  }

  /** Returns the image of that name, or whose id starts with `text`. Throws ERR_IMAGE_NOT_FOUND and ERR_IMAGE_REFERENCE. */
  find(text: string, ref: ImageReference): ImageRecord {
    const record = this.byName(ref) ?? this.byId(text, ref);
    if (record !== undefined) return record;
    throw new ImageError(
      'ERR_IMAGE_NOT_FOUND',
      `Cannot find image "${ref.name}" in the store: thaw images lists what is there`,
    );
  }

  /** True when the image can be pushed and saved: the store has all its original blobs. */
  async isKept({ source }: ImageRecord): Promise<boolean> {
    if (source === undefined) return false;
    return this.#blobs.areThere([source.manifest, source.config, ...source.layers]);
  }

  /** Removes layers and blobs that no image has. Resolves with the freed bytes. */
  async prune(): Promise<number> {
    const records = [...this.#records.images.values()];
    const keys = records.flatMap(({ layers }) => layers.map(({ key }) => key));
    const digests = records.flatMap(({ source }) =>
      source ? [source.manifest, source.config, ...source.layers].map(({ digest }) => digest) : [],
    );
    const layerBytes = await this.#layers.prune(new Set(keys));
    return layerBytes + (await this.#blobs.prune(new Set(digests)));
  }

  /** Resolves with the images' bytes on disk; shared layers and blobs count once. */
  async bytesOf(records: Iterable<ImageRecord>): Promise<number> {
    const sizes = new Map<string, number>();
    for (const { layers, source } of records) {
      for (const { key, bytes } of layers) sizes.set(key, bytes);
      if (source === undefined) continue;
      for (const blob of [source.manifest, source.config, ...source.layers])
        if (await this.#blobs.isThere(blob)) sizes.set(blob.digest, blob.bytes);
    }
    return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** Returns the image for callers outside the store. */
  present(record: ImageRecord): Image {
    const { id, config, architecture, os, created, passwd, group } = record;
    const full = record.layers.filter((layer) => !layer.isEmpty);
    const layers = (full.length > 0 ? full : record.layers.slice(0, 1)).map(
      ({ digest, diffId, key, bytes }) => ({
        digest,
        diffId,
        erofsPath: this.#layers.erofsPath(key),
        bytes,
      }),
    );
    const size = record.layers.reduce((sum, layer) => sum + layer.bytes, 0);
    return {
      id,
      names: this.#records.namesOf(id),
      digest: record.source?.manifest.digest ?? '',
      layers,
      config,
      architecture,
      os,
      created,
      size,
      passwd,
      group,
    };
  }
}
