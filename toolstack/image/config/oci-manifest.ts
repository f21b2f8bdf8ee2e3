// SPDX-License-Identifier: Apache-2.0
// Turns docker's manifest into OCI's by changing the media types: config and layers are the same in both. skopeo's own conversion would write the
// config anew, and so change the image's id.

import { asObject, parseObject, type JsonObject } from '../json.js';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

const TYPES: Readonly<Record<string, string>> = {
  'application/vnd.docker.container.image.v1+json': 'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.image.rootfs.diff.tar': 'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip':
    'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd':
    'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** Returns the manifest in OCI's form. Returns the same bytes for an OCI manifest, and for one with a part that OCI does not have. Pure. */
export function toOciManifest(bytes: Buffer): Buffer {
  const manifest = parseObject(bytes.toString('utf8'), 'manifest');
  if (manifest['mediaType'] !== 'application/vnd.docker.distribution.manifest.v2+json')
    return bytes;
  const { layers } = manifest;
  const config = converted(manifest['config']);
  const own = (Array.isArray(layers) ? layers : []).map(converted);
  if (config === undefined || own.includes(undefined)) return bytes;
  const oci = { schemaVersion: 2, mediaType: MANIFEST, config, layers: own };
  return Buffer.from(JSON.stringify(oci));
}

function converted(untrusted: unknown): JsonObject | undefined {
  const { mediaType, digest, size } = asObject(untrusted, 'descriptor');
  const type =
    typeof mediaType === 'string' && Object.hasOwn(TYPES, mediaType) ? TYPES[mediaType] : undefined;
  return type === undefined ? undefined : { mediaType: type, digest, size };
}
