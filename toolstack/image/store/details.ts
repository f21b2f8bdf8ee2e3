// SPDX-License-Identifier: Apache-2.0
// Reads an image's details that a start does not need, from its original config and manifest.

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
import { CONFIG_MAX } from '../config/manifest.js';
import type { ImageRecord } from './records.js';
import type { Image } from '../types.js';

export interface HistoryEntry {
  /** RFC 3339, or ''. */
  readonly created: string;
  readonly createdBy: string;
  readonly comment: string;
  /** The step changed no file, so it has no layer. */
  readonly isEmpty: boolean;
  /** The layer's bytes on disk; 0 without a layer. */
  readonly size: number;
}

export interface ImageDetails {
  readonly image: Image;
  /** The config's original `config` member, which `inspect` shows. */
  readonly config: JsonObject;
  readonly author: string;
  readonly comment: string;
  /** Digests of the unpacked layers, from the bottom up. */
  readonly diffIds: readonly string[];
  /** From the bottom up. */
  readonly history: readonly HistoryEntry[];
  /** The manifest's media type; '' for a manifest without one. */
  readonly manifestType: string;
}

/** For an image that an older thaw pulled, only the details that a start needs are known. Rejects with ERR_IMAGE_CORRUPT. */
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

/** Matches entries and layers from the top: the store has no layers that an opaque root hides. */
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
