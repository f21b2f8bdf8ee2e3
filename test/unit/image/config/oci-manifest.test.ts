// SPDX-License-Identifier: Apache-2.0
// A Docker manifest becomes an OCI manifest that names the same blobs, or stays unchanged.
import test from 'ava';
import { toOciManifest } from '../../../../toolstack/image/config/oci-manifest.js';

const DOCKER = 'application/vnd.docker';
const blob = (mediaType: string, size = 7) => ({ mediaType, digest: 'sha256:00', size });
const manifest = (...layers: string[]) => ({
  schemaVersion: 2,
  mediaType: `${DOCKER}.distribution.manifest.v2+json`,
  config: blob(`${DOCKER}.container.image.v1+json`),
  layers: layers.map((type) => blob(type)),
});
const convert = (value: object): unknown =>
  JSON.parse(toOciManifest(Buffer.from(JSON.stringify(value))).toString());

test('digests and sizes are the same, types are OCI’s', (t) => {
  const rootfs = `${DOCKER}.image.rootfs.diff.tar`;
  const oci = 'application/vnd.oci.image';
  t.deepEqual(convert(manifest(rootfs, `${rootfs}.gzip`, `${rootfs}.zstd`)), {
    schemaVersion: 2,
    mediaType: `${oci}.manifest.v1+json`,
    config: blob(`${oci}.config.v1+json`),
    layers: ['', '+gzip', '+zstd'].map((end) => blob(`${oci}.layer.v1.tar${end}`)),
  });
});

test('what is OCI’s, or has no counterpart, stays', (t) => {
  for (const value of [
    { schemaVersion: 2, config: blob('x'), layers: [] },
    manifest(`${DOCKER}.image.rootfs.foreign.diff.tar.gzip`),
    { ...manifest(), config: blob('toString') },
  ])
    t.deepEqual(convert(value), value);
  t.throws(() => toOciManifest(Buffer.from('no')), { code: 'ERR_IMAGE_CORRUPT' });
});
