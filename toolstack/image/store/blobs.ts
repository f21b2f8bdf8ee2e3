// SPDX-License-Identifier: Apache-2.0
// Keeps the original blobs of images: manifest, config and layers byte for byte, each under its digest, blobs/sha256-HEX. Push and save need
// them; containers do not.
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../base/errors.js';
import { sync } from '../../base/files.js';
import { ImageError } from '../errors.js';
import { digestOf } from '../json.js';
import { blobPath } from '../config/manifest.js';
import { toOciManifest } from '../config/oci-manifest.js';

export interface Blob {
  /** sha256:HEX. */
  readonly digest: string;
  readonly bytes: number;
}

/** The blobs of an image's copy. */
export interface ImageSource {
  readonly manifest: Blob;
  readonly config: Blob;
  /** All layers of the manifest, including those that a higher layer hides. */
  readonly layers: readonly Blob[];
}

/** The version file of a folder of skopeo's dir: transport. */
const DIR_VERSION = 'Directory Transport Version: 1.1\n';

export class BlobStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  path(digest: string): string {
    return join(this.#dir, digest.replace(':', '-'));
  }

  /** True when the blob's file has its full length. */
  isThere({ digest, bytes }: Blob): Promise<boolean> {
    return stat(this.path(digest)).then(
      ({ size }) => size === bytes,
      () => false,
    );
  }

  async areThere(blobs: readonly Blob[]): Promise<boolean> {
    return (await Promise.all(blobs.map((blob) => this.isThere(blob)))).every(Boolean);
  }

  /** Moves manifest, config and, `withLayers`, the layers out of a dir: folder. Resolves when they are on disk. */
  async take(dir: string, source: ImageSource, withLayers: boolean): Promise<void> {
    await this.#takeFile(join(dir, 'manifest.json'), source.manifest);
    for (const blob of [source.config, ...(withLayers ? source.layers : [])])
      await this.#takeFile(blobPath(dir, blob.digest), blob);
  }

  async #takeFile(path: string, blob: Blob): Promise<void> {
    // The same layer may occur twice in one image, and in several images.
    if (await this.isThere(blob)) return;
    await sync(path);
    await rename(path, this.path(blob.digest));
  }

  /** Makes a dir: folder of hard links to the blobs, so that prune() cannot remove their data. `asOci` turns the manifest into OCI's form. */
  async layOut(source: ImageSource, dir: string, asOci: boolean): Promise<void> {
    await mkdir(dir, { mode: 0o700 });
    await writeFile(join(dir, 'version'), DIR_VERSION);
    const manifest = await readFile(this.path(source.manifest.digest));
    // skopeo checks config and layers against the manifest's digests.
    if (digestOf(manifest) !== source.manifest.digest)
      throw new ImageError(
        'ERR_IMAGE_CORRUPT',
        `Cannot copy the image: its manifest ${source.manifest.digest} is damaged on disk; pull it again`,
      );
    await writeFile(join(dir, 'manifest.json'), asOci ? toOciManifest(manifest) : manifest);
    const digests = new Set([source.config, ...source.layers].map(({ digest }) => digest));
    for (const digest of digests) await link(this.path(digest), blobPath(dir, digest));
  }

  /** Removes every blob that is not wanted. Resolves with the freed bytes. */
  async prune(wantedDigests: ReadonlySet<string>): Promise<number> {
    const wanted = new Set([...wantedDigests].map((digest) => digest.replace(':', '-')));
    let bytes = 0;
    for (const file of await this.#files()) {
      if (wanted.has(file)) continue;
      const path = join(this.#dir, file);
      bytes += (await stat(path).catch(() => undefined))?.size ?? 0;
      await rm(path, { force: true, recursive: true });
    }
    return bytes;
  }

  async #files(): Promise<string[]> {
    try {
      return await readdir(this.#dir);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }
}
