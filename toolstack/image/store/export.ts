// SPDX-License-Identifier: Apache-2.0
// Copies an image out of the store: to a registry (push), or into a file or folder that podman and docker read (save).
import { rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errorCode } from '../../base/errors.js';
import type { OnProgress } from '../../base/progress.js';
import type { BlobStore, ImageSource } from './blobs.js';
import type { Catalog } from './catalog.js';
import { ImageError } from '../errors.js';
import { makeWorkDir } from './leftovers.js';
import type { ImageRecord } from './records.js';
import { parseReference, type Transport } from '../reference.js';
import { copyOut, type SourceOptions, type Target } from '../transports/skopeo.js';
import type { PullOptions, SaveFormat } from '../types.js';

export interface ExportJob extends SourceOptions {
  readonly source: ImageSource;
  readonly blobs: BlobStore;
  readonly tmpRoot: string;
  readonly signal: AbortSignal;
  readonly progress: OnProgress;
}

/** Copies an image to `target`. Removes its work folder also on failure. */
export async function exportImage(job: ExportJob, target: Target): Promise<void> {
  const { source, blobs, tmpRoot, signal, progress, tlsVerify, authFile } = job;
  const workDir = await makeWorkDir(tmpRoot);
  try {
    const dir = join(workDir, 'image');
    await blobs.layOut(source, dir, /^oci(-archive)?:/.test(target.skopeo));
    const text = `${target.verb === 'push' ? 'Pushing to' : 'Saving'} ${target.name}`;
    const total = source.layers.reduce((sum, { bytes }) => sum + bytes, 0);
    progress({ text });
    const onBytes = (done: number): void => progress({ text, done, total });
    await copyOut(dir, target, { tmpDir: workDir, signal, tlsVerify, authFile, onBytes });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/**
 * Saves an image to `path`, absolute. A file replaces an existing one in one step. A folder must not exist. `name` is the image's name inside the
 * file or folder, '' for none.
 */
export async function saveImage(
  job: ExportJob,
  { path, format, name, title }: { path: string; format: SaveFormat; name: string; title: string },
): Promise<void> {
  if (path.includes(':'))
    throw new ImageError(
      'ERR_IMAGE_REFERENCE',
      `Cannot save to ${path}: there is a colon in it, which skopeo takes for the end of the path; give another name`,
    );
  const isFile = format.endsWith('-archive');
  const before = await kindOf(path);
  if (isFile ? before !== 'file' && before !== 'none' : before !== 'none')
    throw new ImageError(
      'ERR_IMAGE_PUSH',
      `Cannot save to ${path}: ${isFile ? 'it is no ordinary file' : 'it is there already'}; give another name`,
    );
  // In the same folder, so that a rename completes the save.
  const temporary = join(dirname(path), `.${basename(path)}.thaw-${process.pid}-${counter++}`);
  const skopeo = `${TRANSPORTS[format]}:${temporary}${name === '' || format === 'docker-dir' ? '' : `:${name}`}`;
  try {
    const transport = TRANSPORTS[format];
    await exportImage(job, { skopeo, transport, path: temporary, name: title, verb: 'save' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

let counter = 0;

const TRANSPORTS: Record<SaveFormat, Transport> = {
  'docker-archive': 'docker-archive',
  'oci-archive': 'oci-archive',
  'oci-dir': 'oci',
  'docker-dir': 'dir',
};

async function kindOf(path: string): Promise<'file' | 'none' | 'other'> {
  try {
    return (await stat(path)).isFile() ? 'file' : 'other';
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 'none';
    throw error;
  }
}

/** Returns the target of a push to `destination`. Throws ERR_IMAGE_REFERENCE. */
export function pushTarget(destination: string, cwd: string | undefined): Target {
  const { skopeo, transport, name, paths } = parseReference(destination, { cwd });
  return { skopeo, transport, path: paths[0], name, verb: 'push' };
}

/** Returns the name inside a saved file. Other programs understand only a registry's name with a tag; '' for any other name. */
export function savedName(name: string): string {
  const { transport } = parseReference(name, { cwd: '/' });
  return transport === 'docker' && !name.includes('@') ? name : '';
}

/** Resolves with the input of exportImage(). Rejects with ERR_IMAGE_NOT_KEPT. */
export async function exportJob(
  { root, catalog, blobs }: { root: string; catalog: Catalog; blobs: BlobStore },
  record: ImageRecord,
  options: PullOptions,
): Promise<ExportJob> {
  const { source } = record;
  if (source === undefined || !(await catalog.isKept(record)))
    throw new ImageError(
      'ERR_IMAGE_NOT_KEPT',
      `Cannot copy image ${record.id.slice(7, 19)}: its layers were not kept as they came; pull it again with keep-blobs = "true" (thaw config)`,
    );
  const { tlsVerify, authFile, signal, onProgress } = options;
  return {
    source,
    tlsVerify,
    authFile,
    blobs: blobs,
    tmpRoot: join(root, 'tmp'),
    signal: signal ?? new AbortController().signal,
    progress: onProgress ?? (() => undefined),
  };
}
