// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseReference } from '../../../../toolstack/image/reference.js';
import {
  copyImage,
  fatalMessage,
  inspectRaw,
} from '../../../../toolstack/image/transports/skopeo.js';
import { makeTar, writeLayout } from '../../../support/image/oci-image.js';
import { Registry } from '../../../support/image/registry.js';

test('the last line of skopeo’s log is taken out of its frame', (t) => {
  const log =
    'Getting image source signatures\ntime="2026-01-01T00:00:00Z" level=fatal msg="a \\"b\\"\\nc"\n';
  t.is(fatalMessage(log), 'a "b" c');
  t.is(fatalMessage('plain\n'), 'plain');
  t.is(fatalMessage(''), 'no message');
});

test('each kind of failure has its code and names the image', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-skopeo-'));
  const registry = await Registry.start();
  t.teardown(async () => {
    await registry.stop();
    await rm(dir, { recursive: true });
  });
  await writeLayout(join(dir, 'layout'), { layers: [{ tar: await makeTar([]) }] });
  await writeFile(join(dir, 'text.tar'), 'no archive at all');
  const cases: [string, string, boolean?][] = [
    [`oci:${dir}/layout:nope`, 'ERR_IMAGE_NOT_FOUND'],
    [`oci-archive:${dir}/text.tar`, 'ERR_IMAGE_CORRUPT'],
    [`docker-archive:${dir}/text.tar`, 'ERR_IMAGE_CORRUPT'],
    [`docker://${registry.address}/none`, 'ERR_IMAGE_NOT_FOUND', false],
    [`docker://${registry.address}/none`, 'ERR_IMAGE_UNREACHABLE', true],
    ['docker://127.0.0.1:1/none', 'ERR_IMAGE_UNREACHABLE', false],
  ];
  for (const [text, code, tlsVerify] of cases) {
    const ref = parseReference(text);
    const options = { tmpDir: dir, signal: new AbortController().signal, tlsVerify };
    const error = await t.throwsAsync(copyImage(ref, join(dir, 'out'), options), { code }, text);
    t.true(error?.message.includes(ref.name));
    t.false(error?.message.includes('\n'));
  }
});

test('an index without this host’s platform is a platform error', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-skopeo-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const platform = { architecture: 's390x', os: 'linux' };
  const entry = {
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    digest: `sha256:${'a'.repeat(64)}`,
    size: 10,
    platform,
  };
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [entry],
  };
  await writeFile(join(dir, 'manifest.json'), JSON.stringify(index));
  await writeFile(join(dir, 'version'), 'Directory Transport Version: 1.1\n');
  const options = { tmpDir: dir, signal: new AbortController().signal };
  await t.throwsAsync(copyImage(parseReference(`dir:${dir}`), join(dir, 'out'), options), {
    code: 'ERR_IMAGE_PLATFORM',
  });
});

test('an aborted copy ends at once with the process gone', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-skopeo-'));
  t.teardown(() => rm(dir, { recursive: true }));
  await promisify(execFile)('mkfifo', [join(dir, 'manifest.json')]);
  // A FIFO without a writer: skopeo waits for ever.
  const inspected = inspectRaw(parseReference(`dir:${dir}`), {
    tmpDir: dir,
    signal: AbortSignal.timeout(300),
  });
  await t.throwsAsync(inspected, { code: 'ERR_IMAGE_ABORTED' });
});
