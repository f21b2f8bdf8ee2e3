// SPDX-License-Identifier: Apache-2.0
// Pulls an image: skopeo copies it into a work folder, thaw converts each layer into an EROFS, and writes the record last. The work folder is
// removed in every case.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnProgress } from '../../base/progress.js';
import { formatBytes } from '../../base/text.js';
import type { ImageSource } from './blobs.js';
import { ImageError, saysNoSpace, spaceOf } from '../errors.js';
import { stampOf } from './freshness.js';
import type { DirAttributes, LayerFacts, LayerLimits } from '../layers/rules.js';
import type { LayerStore, StoredLayer } from '../layers/layers.js';
import { makeWorkDir } from './leftovers.js';
import { blobPath, readManifest, type Manifest } from '../config/manifest.js';
import type { ImageReference } from '../reference.js';
import type { ImageRecord, NameRecord } from './records.js';
import { copyImage, type SourceOptions } from '../transports/skopeo.js';

export interface PullJob extends SourceOptions {
  readonly ref: ImageReference;
  readonly root: string;
  readonly tmpRoot: string;
  readonly layers: LayerStore;
  readonly limits: LayerLimits;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
  /** True to keep the layers' blobs after the conversion. */
  readonly keepsBlobs: boolean;
  /** Moves kept blobs out of the dir: folder and writes the records. No prune runs meanwhile. */
  readonly commit: (
    dir: string,
    image: Omit<ImageRecord, 'version'> & { source: ImageSource },
    name: NameRecord,
  ) => Promise<void>;
}

/** Resolves with the image's id. Rejects with an ImageError whose message names the image, and the layer that caused the error. */
export async function pullImage(job: PullJob): Promise<string> {
  let workDir: string | undefined;
  let isFull = false;
  try {
    workDir = await makeWorkDir(job.tmpRoot);
    return await pullInto(job, workDir);
  } catch (error) {
    if (!saysNoSpace(error)) throw error;
    isFull = true;
    throw error;
  } finally {
    if (workDir !== undefined) await rm(workDir, { recursive: true, force: true });
    // Only after the work folder is removed: the message gives the free space that another try would have.
    if (isFull) await throwFull(job);
  }
}

async function pullInto(job: PullJob, workDir: string): Promise<string> {
  const { ref, signal, progress } = job;
  // Before the copy: the next pull must notice a change during the copy.
  const stamp = await stampOf(ref);
  const dir = join(workDir, 'image');
  const text = `Copying ${ref.name}`;
  progress({ text });
  const onBytes = (done: number): void => progress({ text, done });
  await copyImage(ref, dir, { ...job, tmpDir: workDir, signal, onBytes });
  const manifest = await naming(ref, '', () => readManifest(dir));
  const unpin = job.layers.pins.pin(manifest.layers.map((layer) => layer.diffId));
  try {
    const stored = await convertAll(job, manifest, dir, workDir);
    await job.commit(dir, recordOf(manifest, stored), {
      id: manifest.configDigest,
      manifestDigest: manifest.manifestDigest,
      stamp,
      pulledAt: Date.now(),
    });
    return manifest.configDigest;
  } finally {
    unpin();
  }
}

async function convertAll(
  job: PullJob,
  manifest: Manifest,
  dir: string,
  workDir: string,
): Promise<StoredLayer[]> {
  const stored: StoredLayer[] = [];
  const lower = new Map<string, DirAttributes>();
  for (const [i, { digest, diffId, bytes }] of manifest.layers.entries()) {
    const title = `layer ${i + 1} of ${manifest.layers.length} (${diffId.slice(0, 19)})`;
    const text = `Converting ${title}, ${formatBytes(bytes)}`;
    job.progress({ text });
    const blob = blobPath(dir, digest);
    const { layer } = await naming(job.ref, `${title}: `, () =>
      job.layers.ensure({
        blob,
        digest,
        diffId,
        tmpDir: workDir,
        limits: job.limits,
        lower,
        signal: job.signal,
        onRead: (done) => job.progress({ text, done, total: bytes }),
      }),
    );
    stored.push(layer);
    for (const [path, attributes] of Object.entries(layer.specialDirs)) lower.set(path, attributes);
    if (job.keepsBlobs) continue;
    // Frees space early for a small disk. The same blob may occur twice in one image.
    if (!manifest.layers.slice(i + 1).some((other) => other.digest === digest))
      await rm(blob, { force: true });
  }
  if (stored.length === 0) {
    throw new ImageError(
      'ERR_IMAGE_UNSUPPORTED',
      `Cannot use image "${job.ref.name}": it has no layers, so there is nothing to run`,
    );
  }
  return stored;
}

function recordOf(
  manifest: Manifest,
  stored: readonly StoredLayer[],
): Omit<ImageRecord, 'version'> & { source: ImageSource } {
  const bottom = Math.max(
    0,
    stored.findLastIndex((layer) => layer.hidesAll),
  );
  return {
    id: manifest.configDigest,
    layers: stored.slice(bottom).map(({ diffId, key, bytes, entries }, i) => ({
      digest: manifest.layers[bottom + i]?.digest ?? '',
      diffId,
      key,
      bytes,
      isEmpty: entries === 0,
    })),
    config: manifest.config,
    architecture: manifest.architecture,
    os: manifest.os,
    created: manifest.created,
    passwd: topmost(stored, 'passwd'),
    group: topmost(stored, 'group'),
    source: {
      manifest: { digest: manifest.manifestDigest, bytes: manifest.manifestBytes },
      config: { digest: manifest.configDigest, bytes: manifest.configBytes },
      layers: manifest.layers.map(({ digest, bytes }) => ({ digest, bytes })),
    },
  };
}

/** Returns a file's text in the merged layers: the topmost layer that has or removes the file decides; '' for a missing file. */
function topmost(layers: readonly LayerFacts[], file: 'passwd' | 'group'): string {
  return layers.findLast((layer) => layer[file] !== undefined)?.[file] ?? '';
}

/** Puts the image's name, and `where`, before an error's message. */
async function naming<T>(ref: ImageReference, where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ImageError) || error.code === 'ERR_IMAGE_TOOL') throw error;
    throw new ImageError(error.code, `Cannot use image "${ref.name}": ${where}${error.message}`, {
      cause: error.cause,
    });
  }
}

async function throwFull(job: PullJob): Promise<never> {
  const { freeBytes, totalBytes } = await spaceOf(job.root);
  throw new ImageError(
    'ERR_IMAGE_NOSPACE',
    `Cannot pull "${job.ref.name}": it needs more than the ${formatBytes(freeBytes)} that are free of ${formatBytes(totalBytes)} at ${job.root}; free some space there`,
  );
}
