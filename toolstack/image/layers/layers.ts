// SPDX-License-Identifier: Apache-2.0
// Stores layers on disk as EROFS. layers/KEY.erofs holds the files, layers/KEY.json the other facts. The JSON is written last: a layer without it
// does not exist.
import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomic } from '../../base/files.js';
import { convertLayer, type ConvertOptions } from './convert.js';
import type { DirAttributes, LayerFacts } from './rules.js';
import { KeyedQueue, Pins } from '../shared-work.js';

export interface StoredLayer extends LayerFacts {
  /** The file name without its extension. */
  readonly key: string;
  readonly diffId: string;
  readonly bytes: number;
}

export type LayerSource = Omit<ConvertOptions, 'out'>;

export class LayerStore {
  readonly #dir: string;
  readonly #queue = new KeyedQueue();
  /** The diffIds that pulls in progress need. */
  readonly pins = new Pins();

  constructor(dir: string) {
    this.#dir = dir;
  }

  erofsPath(key: string): string {
    return join(this.#dir, `${key}.erofs`);
  }

  /**
   * Resolves with the layer of this diffId, and converts it if it is missing. Pulls of the same layer take turns, so that the second finds it done.
   * A layer may have folders without entries of their own, whose attributes come from the layers below: it is kept once for each set of such
   * attributes.
   */
  async ensure(source: LayerSource): Promise<{ layer: StoredLayer; isNew: boolean }> {
    return this.#queue.run(source.diffId, async () => {
      const plain = await this.read(baseKey(source.diffId));
      if (plain !== undefined) {
        const key = keyFor(source, plain.implied);
        const layer = key === plain.key ? plain : await this.read(key);
        if (layer !== undefined) return { layer, isNew: false };
      }
      return { layer: await this.#convert(source), isNew: true };
    });
  }

  /** Resolves with a stored layer, or undefined where it is missing or incomplete. */
  async read(key: string): Promise<StoredLayer | undefined> {
    try {
      const layer = JSON.parse(
        await readFile(join(this.#dir, `${key}.json`), 'utf8'),
      ) as StoredLayer;
      const { size } = await stat(this.erofsPath(key));
      return layer.key === key && layer.bytes === size ? layer : undefined;
    } catch {
      return undefined;
    }
  }

  /** True when the layer's EROFS has its full length. Quicker than read(), and sufficient for a start. */
  isThere(key: string, bytes: number): Promise<boolean> {
    return stat(this.erofsPath(key)).then(
      ({ size }) => size === bytes,
      () => false,
    );
  }

  /** Removes every layer whose key is not wanted and that no pull needs. Resolves with the freed bytes. */
  async prune(wanted: ReadonlySet<string>): Promise<number> {
    let bytes = 0;
    for (const file of await readdir(this.#dir)) {
      const key = /^(sha256-[0-9a-f]{64}(-[0-9a-f]{16})?)\.(erofs|json)$/.exec(file)?.[1];
      if (key !== undefined && (wanted.has(key) || this.pins.has(diffIdOf(key)))) continue;
      const path = join(this.#dir, file);
      bytes += (await stat(path).catch(() => undefined))?.size ?? 0;
      await rm(path, { force: true, recursive: true });
    }
    return bytes;
  }

  async #convert(source: LayerSource): Promise<StoredLayer> {
    const out = join(source.tmpDir, `${baseKey(source.diffId)}.erofs`);
    try {
      const facts = await convertLayer({ ...source, out });
      const key = keyFor(source, facts.implied);
      const { size } = await stat(out);
      const layer: StoredLayer = { key, diffId: source.diffId, bytes: size, ...facts };
      await rename(out, this.erofsPath(key));
      await writeAtomic(join(this.#dir, `${key}.json`), JSON.stringify(layer));
      return layer;
    } finally {
      await rm(out, { force: true });
    }
  }
}

function baseKey(diffId: string): string {
  return diffId.replace(':', '-');
}

function diffIdOf(key: string): string {
  return `sha256:${key.slice('sha256-'.length, 'sha256-'.length + 64)}`;
}

function keyFor(
  source: { diffId: string; lower: ReadonlyMap<string, DirAttributes> },
  implied: readonly string[],
): string {
  const taken = implied.flatMap((dir) => {
    const attributes = source.lower.get(dir);
    return attributes === undefined ? [] : [[dir, ...attributes]];
  });
  if (taken.length === 0) return baseKey(source.diffId);
  const hash = createHash('sha256').update(JSON.stringify(taken)).digest('hex').slice(0, 16);
  return `${baseKey(source.diffId)}-${hash}`;
}
