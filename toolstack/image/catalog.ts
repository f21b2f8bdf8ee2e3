// SPDX-License-Identifier: Apache-2.0
// Which images are in the store, under which names and ids, and are their layers there?

import { ImageError } from './errors.js';
import type { LayerStore } from './layers.js';
import type { ImageReference } from './reference.js';
import type { ImageRecord, Records } from './records.js';
import type { Image } from './types.js';

export class Catalog {
  readonly #records: Records;
  readonly #layers: LayerStore;

  constructor(records: Records, layers: LayerStore) {
    this.#records = records;
    this.#layers = layers;
  }

  /** The image that has the name. */
  byName(ref: ImageReference): ImageRecord | undefined {
    const id = this.#records.names.get(ref.name)?.id;
    return id === undefined ? undefined : this.#records.images.get(id);
  }

  /** The image whose id starts so. Throws ERR_IMAGE_REFERENCE when several do. */
  byId(text: string, ref: ImageReference): ImageRecord | undefined {
    const ids = ref.maybeId ? this.#records.idsStartingWith(text) : [];
    if (ids.length > 1)
      throw new ImageError(
        'ERR_IMAGE_REFERENCE',
        `Image id "${text}" is ambiguous: ${ids.length} images start with it; give more digits`,
      );
    return ids[0] === undefined ? undefined : this.#records.images.get(ids[0]);
  }

  /** Whether all its layers are there and undamaged. */
  async isWhole(record: ImageRecord): Promise<boolean> {
    const there = record.layers.map(({ key, bytes }) => this.#layers.isThere(key, bytes));
    return (await Promise.all(there)).every(Boolean);
  }

  /** Removes layers that no image has. Resolves with their bytes. */
  prune(): Promise<number> {
    const wanted = [...this.#records.images.values()].flatMap((record) =>
      record.layers.map((layer) => layer.key),
    );
    return this.#layers.prune(new Set(wanted));
  }

  /** What callers see of an image. */
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
