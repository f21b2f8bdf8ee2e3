// SPDX-License-Identifier: Apache-2.0
import test, { type ExecutionContext } from 'ava';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf } from '../../../../toolstack/image/json.js';
import {
  hostArchitecture,
  isSameImage,
  readManifest,
} from '../../../../toolstack/image/config/manifest.js';

const layer = { digest: `sha256:${'1'.repeat(64)}`, size: 10 };
const rootfs = { type: 'layers', diff_ids: [`sha256:${'2'.repeat(64)}`] };
const good = {
  architecture: hostArchitecture(),
  os: 'linux',
  rootfs,
  created: '2026-01-01T00:00:00Z',
};

async function read(t: ExecutionContext, config: unknown, manifest: Record<string, unknown> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-manifest-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const bytes = typeof config === 'string' ? config : JSON.stringify(config);
  const digest = digestOf(bytes);
  await writeFile(join(dir, digest.slice(7)), bytes);
  const full = {
    schemaVersion: 2,
    config: { digest, size: bytes.length },
    layers: [layer],
    ...manifest,
  };
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(full));
  return readManifest(dir);
}

test('everything a container needs is read', async (t) => {
  const config = {
    Env: ['A=1', 'broken', '=x'],
    Cmd: ['sh'],
    Entrypoint: ['/init'],
    User: 'app:video',
    WorkingDir: '/srv',
    StopSignal: 'SIGINT',
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    Labels: { a: 'b' },
  };
  const manifest = await read(t, { ...good, config });
  t.deepEqual(manifest.config, {
    env: ['A=1'],
    cmd: ['sh'],
    entrypoint: ['/init'],
    user: 'app:video',
    workingDir: '/srv',
    stopSignal: 'SIGINT',
    exposedPorts: ['80/tcp'],
    volumes: ['/data'],
    labels: { a: 'b' },
  });
  t.like(manifest, {
    os: 'linux',
    architecture: hostArchitecture(),
    created: '2026-01-01T00:00:00Z',
  });
  t.deepEqual(manifest.layers, [
    { digest: layer.digest, diffId: rootfs.diff_ids[0] ?? '', bytes: 10 },
  ]);
});

test('absent and null fields are empty', async (t) => {
  const manifest = await read(t, {
    ...good,
    config: { Env: null, Cmd: null, Labels: null, Volumes: null },
  });
  t.like(manifest.config, { env: [], cmd: [], entrypoint: [], user: '', workingDir: '' });
  t.false('stopSignal' in manifest.config);
  t.deepEqual((await read(t, good)).config.env, []);
});

test('another platform is named', async (t) => {
  const code = 'ERR_IMAGE_PLATFORM';
  await t.throwsAsync(read(t, { ...good, architecture: 's390x' }), {
    code,
    message: /linux\/s390x/,
  });
  await t.throwsAsync(read(t, { ...good, os: 'windows' }), { code, message: /windows/ });
});

test('damaged metadata is refused', async (t) => {
  const code = 'ERR_IMAGE_CORRUPT';
  await t.throwsAsync(read(t, 'no json'), { code });
  await t.throwsAsync(read(t, '[]'), { code });
  await t.throwsAsync(read(t, { ...good, rootfs: {} }), { code });
  await t.throwsAsync(read(t, { ...good, rootfs: { diff_ids: ['md5:1'] } }), { code });
  await t.throwsAsync(read(t, { ...good, config: { Cmd: 'sh' } }), { code });
  await t.throwsAsync(read(t, { ...good, config: { Cmd: [1] } }), { code });
  await t.throwsAsync(read(t, { ...good, config: { Env: ['A=\0'] } }), { code });
  await t.throwsAsync(read(t, { ...good, config: { User: 5 } }), { code });
  await t.throwsAsync(read(t, { ...good, config: { Labels: { a: 1 } } }), { code });
  await t.throwsAsync(read(t, good, { layers: [{ digest: '../../etc/passwd', size: 1 }] }), {
    code,
  });
  await t.throwsAsync(read(t, good, { layers: [{ digest: layer.digest, size: -1 }] }), { code });
  await t.throwsAsync(read(t, good, { layers: [null] }), { code });
  await t.throwsAsync(read(t, good, { config: { digest: 'sha256:../x', size: 1 } }), { code });
});

test('manifests that are not understood are refused with a remedy', async (t) => {
  const code = 'ERR_IMAGE_UNSUPPORTED';
  await t.throwsAsync(read(t, good, { schemaVersion: 1 }), {
    code,
    message: /push the image again/,
  });
  await t.throwsAsync(read(t, good, { layers: Array.from({ length: 128 }, () => layer) }), {
    code,
    message: /squash/,
  });
});

test('an image is the same if the source’s manifest, or its only entry for this host, is', (t) => {
  const raw = Buffer.from(JSON.stringify({ schemaVersion: 2 }));
  t.true(isSameImage(raw, digestOf(raw)));
  t.false(isSameImage(raw, 'sha256:x'));
  const entry = (architecture: string, digest: string) => ({
    digest,
    platform: { os: 'linux', architecture },
  });
  const index = (...manifests: unknown[]) => Buffer.from(JSON.stringify({ manifests }));
  const host = hostArchitecture();
  t.true(isSameImage(index(entry('s390x', 'a'), entry(host, 'b')), 'b'));
  t.false(isSameImage(index(entry('s390x', 'a'), entry(host, 'b')), 'a'));
  t.false(isSameImage(index(entry(host, 'b'), entry(host, 'c')), 'b'));
});
