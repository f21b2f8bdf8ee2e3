// SPDX-License-Identifier: Apache-2.0
// Reads and checks the manifest and the config in a dir: folder that skopeo filled. The conversion checks the layers later.
import { join } from 'node:path';
import { ImageError } from '../errors.js';
import {
  asObject,
  digestOf,
  isDigest,
  parseObject,
  readLimited,
  stringField,
  stringsField,
} from '../json.js';
import { keysField, stringMapField, type JsonObject } from '../json.js';

const MANIFEST_MAX = 4 * 1024 * 1024;
export const CONFIG_MAX = 8 * 1024 * 1024;
/** docker's limit; overlayfs takes 500 lower layers. */
const LAYERS_MAX = 127;

export interface ImageConfig {
  readonly env: readonly string[];
  readonly cmd: readonly string[];
  readonly entrypoint: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly stopSignal?: string;
  readonly exposedPorts: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly volumes: readonly string[];
}

export interface Manifest {
  readonly manifestDigest: string;
  readonly manifestBytes: number;
  readonly configDigest: string;
  readonly configBytes: number;
  readonly layers: readonly {
    readonly digest: string;
    readonly diffId: string;
    readonly bytes: number;
  }[];
  readonly config: ImageConfig;
  readonly architecture: string;
  readonly os: string;
  readonly created: string;
}

/** Returns OCI's name of this host's architecture. */
export function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

/** Returns a blob's path in a dir: folder. The caller has checked that the digest is sha256:HEX. */
export function blobPath(dir: string, digest: string): string {
  return join(dir, digest.slice('sha256:'.length));
}

/** Reads a dir: folder. Rejects with ERR_IMAGE_CORRUPT, ERR_IMAGE_UNSUPPORTED, ERR_IMAGE_PLATFORM. */
export async function readManifest(dir: string): Promise<Manifest> {
  const bytes = await readLimited(join(dir, 'manifest.json'), MANIFEST_MAX);
  const manifest = parseObject(bytes.toString('utf8'), 'manifest');
  if (manifest['schemaVersion'] !== 2 || !('config' in manifest)) {
    throw new ImageError(
      'ERR_IMAGE_UNSUPPORTED',
      'Image manifest is neither OCI nor docker schema 2: push the image again with a current tool',
    );
  }
  const descriptors = manifest['layers'] ?? [];
  if (!Array.isArray(descriptors) || descriptors.length > LAYERS_MAX) {
    throw new ImageError(
      'ERR_IMAGE_UNSUPPORTED',
      `Image has more than ${LAYERS_MAX} layers: squash it`,
    );
  }
  const blobs = descriptors.map((d: unknown, i) => descriptor(d, `layer ${i + 1}`));
  const configDigest = descriptor(manifest['config'], 'config').digest;
  const configBytes = await readLimited(blobPath(dir, configDigest), CONFIG_MAX);
  if (digestOf(configBytes) !== configDigest) {
    throw new ImageError(
      'ERR_IMAGE_CORRUPT',
      'Image config is damaged: its digest is not the one in the manifest',
    );
  }
  const config = parseObject(configBytes.toString('utf8'), 'config');
  const diffIds = diffIdsOf(config, blobs.length);
  return {
    manifestDigest: digestOf(bytes),
    manifestBytes: bytes.length,
    configDigest,
    configBytes: configBytes.length,
    layers: blobs.map((blob, i) => ({ ...blob, diffId: diffIds[i] ?? '' })),
    ...platformOf(config),
    config: processConfig(asObject(config['config'] ?? {}, 'config')),
    created: stringField(config, 'created', 100),
  };
}

function descriptor(untrustedValue: unknown, what: string): { digest: string; bytes: number } {
  const { digest, size } = asObject(untrustedValue, `descriptor of the ${what}`);
  if (!isDigest(digest))
    throw new ImageError('ERR_IMAGE_CORRUPT', `Image ${what} has no sha256 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ImageError('ERR_IMAGE_CORRUPT', `Image ${what} has no size`);
  }
  return { digest, bytes: size };
}

function diffIdsOf(config: JsonObject, count: number): string[] {
  const ids = stringsField(asObject(config['rootfs'] ?? {}, 'rootfs'), 'diff_ids');
  if (ids.length !== count || !ids.every(isDigest)) {
    throw new ImageError(
      'ERR_IMAGE_CORRUPT',
      `Image config names ${ids.length} layers, the manifest ${count}`,
    );
  }
  return ids;
}

function platformOf(config: JsonObject): { architecture: string; os: string } {
  const architecture = stringField(config, 'architecture', 100);
  const os = stringField(config, 'os', 100);
  const wanted = hostArchitecture();
  if ((os !== '' && os !== 'linux') || (architecture !== '' && architecture !== wanted)) {
    throw new ImageError(
      'ERR_IMAGE_PLATFORM',
      `Image is for ${os || 'linux'}/${architecture}, this host runs linux/${wanted}: take the image built for linux/${wanted}`,
    );
  }
  return { architecture: architecture || wanted, os: 'linux' };
}

function processConfig(c: JsonObject): ImageConfig {
  const stopSignal = stringField(c, 'StopSignal', 100);
  return {
    env: stringsField(c, 'Env').filter((e) => e.indexOf('=') > 0),
    cmd: stringsField(c, 'Cmd'),
    entrypoint: stringsField(c, 'Entrypoint'),
    user: stringField(c, 'User', 256),
    workingDir: stringField(c, 'WorkingDir', 4096),
    ...(stopSignal === '' ? {} : { stopSignal }),
    exposedPorts: keysField(c, 'ExposedPorts'),
    labels: stringMapField(c, 'Labels'),
    volumes: keysField(c, 'Volumes'),
  };
}

/**
 * True when a raw manifest or index at the source stands for the image stored under `manifestDigest`. An index counts only if exactly one of its
 * entries is for this host: skopeo chooses among variants.
 */
export function isSameImage(raw: Buffer, manifestDigest: string): boolean {
  if (digestOf(raw) === manifestDigest) return true;
  const { manifests } = parseObject(raw.toString('utf8'), 'index');
  if (!Array.isArray(manifests)) return false;
  const fitting = manifests.filter((m: unknown) => {
    const { platform } = asObject(m, 'index entry');
    if (typeof platform !== 'object' || platform === null) return false;
    const { architecture, os } = platform as JsonObject;
    return architecture === hostArchitecture() && os === 'linux';
  });
  return fitting.length === 1 && asObject(fitting[0], 'index entry')['digest'] === manifestDigest;
}
