// SPDX-License-Identifier: Apache-2.0
// What can be told of an image beyond what starting it takes: from its config and manifest as they came.

import type { BlobStore } from './blobs.js';
import {
  asObject,
  isDigest,
  parseObject,
  readLimited,
  stringField,
  stringsField,
} from '../json.js';
import type { JsonObject } from '../json.js';
import { CONFIG_MAX } from '../transports/manifest.js';
import type { ImageRecord } from './records.js';
import type { Image } from '../types.js';

export interface HistoryEntry {
  /** RFC 3339, or ''. */
  readonly created: string;
  readonly createdBy: string;
  readonly comment: string;
  /** It changed no file, so there is no layer of it. */
  readonly isEmpty: boolean;
  /** Of its layer on disk, in bytes; 0 where there is none. */
  readonly size: number;
}

export interface ImageDetails {
  readonly image: Image;
  /** The config's `config` as it came: what `inspect` shows. */
  readonly config: JsonObject;
  readonly author: string;
  readonly comment: string;
  /** Digests of the unpacked layers, from the bottom up. */
  readonly diffIds: readonly string[];
  /** From the bottom up. */
  readonly history: readonly HistoryEntry[];
  /** Media type of the manifest; '' where it says none. */
  readonly manifestType: string;
}

/** Where an older thaw pulled it, what a start takes is all that is known. Throws ERR_IMAGE_CORRUPT. */
export async function readDetails(
  image: Image,
  record: ImageRecord,
  blobs: BlobStore,
): Promise<ImageDetails> {
  const { source } = record;
  if (source === undefined || !(await blobs.areThere([source.config, source.manifest])))
    return { ...NOTHING, image, diffIds: record.layers.map(({ diffId }) => diffId) };
  const read = async (digest: string, what: string): Promise<JsonObject> =>
    parseObject((await readLimited(blobs.path(digest), CONFIG_MAX)).toString('utf8'), what);
  const config = await read(source.config.digest, 'config');
  const manifest = await read(source.manifest.digest, 'manifest');
  const rootfs = asObject(config['rootfs'] ?? {}, 'rootfs');
  return {
    image,
    config: asObject(config['config'] ?? {}, 'config'),
    author: stringField(config, 'author'),
    comment: stringField(config, 'comment'),
    diffIds: stringsField(rootfs, 'diff_ids').filter(isDigest),
    history: historyOf(config['history'], record.layers),
    manifestType: stringField(manifest, 'mediaType', 200),
  };
}

const NOTHING = { config: {}, author: '', comment: '', history: [], manifestType: '' };

/** Layers that an opaque root hides are not stored, so entries and layers are matched from the top. */
function historyOf(untrusted: unknown, layers: ImageRecord['layers']): HistoryEntry[] {
  if (!Array.isArray(untrusted)) return [];
  const entries = untrusted.slice(0, HISTORY_MAX).map((item: unknown) => asObject(item, 'history'));
  const sizes = layers.map(({ bytes }) => bytes);
  const fromTop = entries.toReversed().map((entry) => {
    const isEmpty = entry['empty_layer'] === true;
    return {
      created: stringField(entry, 'created', 100),
      createdBy: stringField(entry, 'created_by'),
      comment: stringField(entry, 'comment'),
      isEmpty,
      size: isEmpty ? 0 : (sizes.pop() ?? 0),
    };
  });
  return fromTop.reverse();
}

const HISTORY_MAX = 1000;
