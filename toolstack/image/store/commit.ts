// SPDX-License-Identifier: Apache-2.0
// Makes an image from a container's writable layer: adds the layer and its history to the dir: folder of the base image. The store then loads the
// folder like any other image.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asObject, digestOf, parseObject, readLimited, type JsonObject } from '../json.js';
import { blobPath } from '../config/manifest.js';

const MANIFEST_MAX = 4 * 1024 * 1024;
const CONFIG_MAX = 8 * 1024 * 1024;
const DOCKER_LAYER = 'application/vnd.docker.image.rootfs.diff.tar';
const OCI_LAYER = 'application/vnd.oci.image.layer.v1.tar';

export interface CommitChange {
  readonly author: string;
  /** The comment of the new history entry. */
  readonly comment: string;
  readonly createdBy: string;
  /** Returns the changed config of the process, with the members of the OCI image specification. */
  readonly process: (config: JsonObject) => JsonObject;
}

/** Moves the layer at `tar` into the dir: folder and adds it to the image there. Rejects with ERR_IMAGE_CORRUPT. */
export async function addLayer(dir: string, tar: string, change: CommitChange): Promise<void> {
  const manifestPath = join(dir, 'manifest.json');
  const manifest = parseObject(
    (await readLimited(manifestPath, MANIFEST_MAX)).toString(),
    'manifest',
  );
  const descriptor = asObject(manifest['config'], 'config descriptor');
  const before = parseObject(
    (await readLimited(blobPath(dir, String(descriptor['digest'])), CONFIG_MAX)).toString(),
    'config',
  );
  const digest = await digestOfFile(tar);
  const { size } = await stat(tar);
  await rename(tar, blobPath(dir, digest));
  const config = Buffer.from(JSON.stringify(configAfter(before, digest, change)));
  await writeFile(blobPath(dir, digestOf(config)), config);
  const isOci = String(descriptor['mediaType']).startsWith('application/vnd.oci.');
  const layers = Array.isArray(manifest['layers']) ? (manifest['layers'] as unknown[]) : [];
  await writeFile(
    manifestPath,
    JSON.stringify({
      ...manifest,
      config: { ...descriptor, digest: digestOf(config), size: config.length },
      layers: [...layers, { mediaType: isOci ? OCI_LAYER : DOCKER_LAYER, digest, size }],
    }),
  );
}

function configAfter(before: JsonObject, diffId: string, change: CommitChange): JsonObject {
  const created = new Date().toISOString();
  const rootfs = asObject(before['rootfs'] ?? {}, 'rootfs');
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);
  const { author, comment, createdBy } = change;
  const entry = {
    created,
    created_by: createdBy,
    ...(author === '' ? {} : { author }),
    ...(comment === '' ? {} : { comment }),
  };
  return {
    ...before,
    created,
    ...(author === '' ? {} : { author }),
    config: change.process(asObject(before['config'] ?? {}, 'config')),
    rootfs: { ...rootfs, type: 'layers', diff_ids: [...list(rootfs['diff_ids']), diffId] },
    history: [...list(before['history']), entry],
  };
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, {
    highWaterMark: 1 << 18,
  }) as AsyncIterable<Buffer>)
    hash.update(chunk);
  return `sha256:${hash.digest('hex')}`;
}
