// SPDX-License-Identifier: Apache-2.0
// Lists the images in a file or folder that podman or docker saved, with their names and skopeo references.
import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorMessage } from '../../base/errors.js';
import { ImageError } from '../errors.js';
import { asObject, parseObject, readLimited, stringsField, type JsonObject } from '../json.js';
import { parseReference, type ImageReference } from '../reference.js';
import { runWalled, ToolFailure, type ToolOptions } from '../tool.js';
import { FILE } from '../tool-walls.js';

const INDEX_MAX = 4 * 1024 * 1024;
const IMAGES_MAX = 1000;

export interface SavedImage {
  readonly ref: ImageReference;
  /** The image's names in the store; none for an image that was saved by its id. */
  readonly names: readonly string[];
}

type ReadMember = (name: string) => Promise<string | undefined>;

/** Resolves with the images at `path`, absolute. Rejects with ERR_IMAGE_NOT_FOUND, ERR_IMAGE_REFERENCE, ERR_IMAGE_CORRUPT. */
export async function savedImages(
  path: string,
  options: Pick<ToolOptions, 'tmpDir' | 'signal'>,
): Promise<SavedImage[]> {
  if (path.includes(':'))
    throw new ImageError(
      'ERR_IMAGE_REFERENCE',
      `Cannot load ${path}: there is a colon in it, which skopeo takes for the end of the path; rename it, or give it to standard input`,
    );
  const isFolder = await isDirectory(path);
  const read = isFolder ? inFolder(path) : inArchive(path, options);
  const manifest = await read('manifest.json');
  if (isFolder && manifest !== undefined && (await isThere(join(path, 'version'))))
    return [{ ref: reference('dir', path, ''), names: [] }];
  // docker writes both files. Its own manifest.json has the full names.
  if (manifest !== undefined && !isFolder) return ofDocker(path, manifest);
  const index = await read('index.json');
  if (index !== undefined) return ofOci(isFolder ? 'oci' : 'oci-archive', path, index);
  throw new ImageError(
    'ERR_IMAGE_CORRUPT',
    `Cannot load ${path}: it is none of docker-archive, oci-archive, an OCI folder or a dir: folder`,
  );
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (cause) {
    const message = `Cannot load ${path}: ${errorMessage(cause)}`;
    throw new ImageError('ERR_IMAGE_NOT_FOUND', message, { cause });
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function inFolder(path: string): ReadMember {
  return async (name) => {
    try {
      return (await readLimited(join(path, name), INDEX_MAX)).toString('utf8');
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  };
}

/** tar detects the archive's compression. It writes the member to stdout only, never to disk. */
function inArchive(path: string, options: Pick<ToolOptions, 'tmpDir' | 'signal'>): ReadMember {
  return async (name) => {
    for (const member of [name, `./${name}`]) {
      const args = ['--extract', '--to-stdout', '--occurrence=1', `--file=${FILE}`, '--', member];
      try {
        const limits = { ...options, timeoutMs: TAR_MS, stdoutMax: INDEX_MAX };
        const text = await runWalled('tar', args, { readsFile: path }, limits);
        return text.toString('utf8');
      } catch (error) {
        if (!(error instanceof ToolFailure)) throw error;
        if (/Not found in archive/i.test(error.stderr)) continue;
        throw new ImageError('ERR_IMAGE_CORRUPT', `Cannot load ${path}: it is no archive`, {
          cause: error,
        });
      }
    }
    return undefined;
  };
}

const TAR_MS = 10 * 60 * 1000;

function ofDocker(path: string, untrustedText: string): SavedImage[] {
  let untrusted: unknown;
  try {
    untrusted = JSON.parse(untrustedText);
  } catch (cause) {
    throw new ImageError('ERR_IMAGE_CORRUPT', `Cannot load ${path}: manifest.json is not JSON`, {
      cause,
    });
  }
  if (!Array.isArray(untrusted) || untrusted.length === 0 || untrusted.length > IMAGES_MAX)
    throw new ImageError('ERR_IMAGE_CORRUPT', `Cannot load ${path}: manifest.json lists no images`);
  return untrusted.map((item: unknown, index) => ({
    ref: reference('docker-archive', path, untrusted.length === 1 ? '' : `:@${index}`),
    names: stringsField(asObject(item, 'manifest.json'), 'RepoTags', 100).flatMap(asName),
  }));
}

function ofOci(
  transport: 'oci' | 'oci-archive',
  path: string,
  untrustedText: string,
): SavedImage[] {
  const { manifests } = parseObject(untrustedText, 'index');
  if (!Array.isArray(manifests) || manifests.length === 0 || manifests.length > IMAGES_MAX)
    throw new ImageError('ERR_IMAGE_CORRUPT', `Cannot load ${path}: index.json lists no images`);
  return manifests.map((item: unknown) => {
    const entry = asObject(item, 'index entry');
    const annotations = asObject(entry['annotations'] ?? {}, 'annotations');
    const tag = text(annotations, 'org.opencontainers.image.ref.name');
    if (tag === '' && manifests.length > 1)
      throw new ImageError(
        'ERR_IMAGE_UNSUPPORTED',
        `Cannot load ${path}: it holds several images, and one has no name; save it again with one image`,
      );
    const name = text(annotations, 'io.containerd.image.name') || tag;
    // umoci writes a bare tag, which names no repository.
    const names = /[/:]/.test(name) ? asName(name) : [];
    return { ref: reference(transport, path, manifests.length > 1 ? `:${tag}` : ''), names };
  });
}

function text(annotations: JsonObject, key: string): string {
  const value = annotations[key];
  return typeof value === 'string' && value.length <= 1000 ? value : '';
}

/** Returns the parsed name, or [] for a name that does not parse: the image is then known by its id. */
function asName(untrusted: string): string[] {
  try {
    const { transport, name } = parseReference(untrusted);
    return transport === 'docker' && !name.includes('@') ? [name] : [];
  } catch {
    return [];
  }
}

function reference(
  transport: 'docker-archive' | 'oci-archive' | 'oci' | 'dir',
  path: string,
  suffix: string,
): ImageReference {
  const skopeo = `${transport}:${path}${suffix}`;
  return { transport, skopeo, name: skopeo, paths: [path], maybeId: false };
}
