// SPDX-License-Identifier: Apache-2.0
// The store as thawd uses it, over real skopeo, mkfs.erofs and docker-registry.
import test from 'ava';
import { until } from '../../../support/within.js';
import { execFile, spawn } from 'node:child_process';
import {
  access,
  mkdir,
  readFile,
  readdir,
  rm,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { silentLog } from '../../../../toolstack/base/log.js';
import type { Progress } from '../../../../toolstack/base/progress.js';
import { ImageStore } from '../../../../toolstack/image/index.js';
import { makeTar, writeLayout, type Entry } from '../../../support/image/oci-image.js';
import { archiveOf, imageStore as fixture } from '../../../support/image/store.js';
import { Registry } from '../../../support/image/registry.js';

const run = promisify(execFile);
const log = silentLog();
const unused = () => false;

/** Lists every file below the store that is no image and no layer of one. */
async function leftovers(root: string): Promise<string[]> {
  const files = await readdir(root, { recursive: true });
  return files.filter(
    (file) =>
      !/^(names\.json|tmp|images|layers|blobs|images\/[0-9a-f]{64}\.json|layers\/sha256-[0-9a-f-]+\.(erofs|json)|blobs\/sha256-[0-9a-f]{64})$/.test(
        file,
      ),
  );
}

const hello: Entry[] = [{ name: 'hello', content: 'hello' }];

test('one image has one id and one layer whatever way it comes', async (t) => {
  const { dir, root, store, archive } = await fixture(t);
  const file = await archive('a.tar', hello);
  const docker = join(dir, 'docker.tar');
  await run('skopeo', ['copy', '-q', `oci-archive:${file}`, `docker-archive:${docker}:a:1`]);
  const cwd = dir;
  const images = [
    await store.resolve('oci:a.tar.layout', { cwd }),
    await store.resolve('oci-archive:a.tar', { cwd }),
    await store.resolve('docker-archive:docker.tar', { cwd }),
  ];
  t.is(new Set(images.map((image) => image.id)).size, 1);
  t.is(new Set(images.map((image) => image.layers[0]?.erofsPath)).size, 1);
  const [listed, ...more] = await store.list();
  t.deepEqual(more, []);
  t.deepEqual(listed?.names, [
    `docker-archive:${docker}`,
    `oci-archive:${file}`,
    `oci:${file}.layout`,
  ]);
  t.deepEqual(await leftovers(root), []);
  t.is((await readdir(join(root, 'layers'))).length, 2);
});

test('an unchanged archive is not read again, a changed one is', async (t) => {
  const { store, archive } = await fixture(t);
  const lines: string[] = [];
  const reference = `oci-archive:${await archive('a.tar', hello)}`;
  const resolve = () => store.resolve(reference, { onProgress: ({ text }) => lines.push(text) });
  const first = await resolve();
  t.regex(lines.join('\n'), /Copying/);
  lines.length = 0;
  t.deepEqual(await resolve(), first);
  t.notRegex(lines.join('\n'), /Copying/);
  await archive('a.tar', [{ name: 'hello', content: 'other' }]);
  const second = await resolve();
  t.not(second.id, first.id);
  t.deepEqual(second.names, [reference]);
  t.deepEqual((await store.list()).find((image) => image.id === first.id)?.names, []);
  // Only the times differ: reading it again gives the same image.
  await utimes(reference.slice('oci-archive:'.length), 1, 1);
  t.is((await resolve()).id, second.id);
});

test('an image that was being written or removed when thawd was killed was never there', async (t) => {
  for (const half of ['pulled', 'removed']) {
    const { root, store, archive } = await fixture(t);
    const { id } = await store.pull(`oci-archive:${await archive('a.tar', hello)}`);
    const path = join(root, 'images', `${id.slice('sha256:'.length)}.json`);
    const record = JSON.parse(await readFile(path, 'utf8')) as object;
    if (half === 'pulled') {
      await writeFile(path, JSON.stringify({ ...record, isArriving: true }));
      await rm(join(root, 'names.json'));
    } else await rm(path);
    const next = await ImageStore.open({ root, log });
    t.deepEqual(await next.list(), []);
    for (const folder of ['images', 'layers', 'blobs', 'tmp'])
      t.deepEqual(await readdir(join(root, folder)), [], `${half}: ${folder}`);
  }
});

test('one that was killed once the image had its name has it', async (t) => {
  const { root, store, archive } = await fixture(t);
  const image = await store.pull(`oci-archive:${await archive('a.tar', hello)}`);
  const path = join(root, 'images', `${image.id.slice('sha256:'.length)}.json`);
  const record = JSON.parse(await readFile(path, 'utf8')) as object;
  t.false('isArriving' in record);
  await writeFile(path, JSON.stringify({ ...record, isArriving: true }));
  t.deepEqual(await (await ImageStore.open({ root, log })).list(), [image]);
  t.deepEqual(JSON.parse(await readFile(path, 'utf8')), record);
});

test('an oci: folder is read again when its index changes', async (t) => {
  const { dir, store } = await fixture(t);
  const layout = join(dir, 'layout');
  const write = async (content: string) => {
    await rm(layout, { recursive: true, force: true });
    return writeLayout(layout, { layers: [{ tar: await makeTar([{ name: 'f', content }]) }] });
  };
  for (const content of ['1', '2']) {
    const id = await write(content);
    t.is((await store.resolve(`oci:${layout}`)).id, id);
  }
});

test('ten pulls of one image at once do the work once', async (t) => {
  const { root, store, archive } = await fixture(t);
  const reference = `oci-archive:${await archive('a.tar', hello, [{ name: 'two', content: '2' }])}`;
  const lines: string[] = [];
  const pulls = Array.from({ length: 10 }, () =>
    store.pull(reference, {
      onProgress: ({ text, done }) => (done === undefined ? lines.push(text) : undefined),
    }),
  );
  const images = await Promise.all(pulls);
  t.is(new Set(images.map((image) => image.id)).size, 1);
  t.is(
    lines.filter((line) => line.startsWith('Copying /') || line.startsWith('Copying oci-archive'))
      .length,
    10,
  );
  t.deepEqual(await leftovers(root), []);
  t.is((await readdir(join(root, 'layers'))).length, 4);
});

test('pulls of ten images that share a layer convert it once', async (t) => {
  const { root, store, archive } = await fixture(t);
  const shared: Entry[] = [{ name: 'shared', content: Buffer.alloc(1_000_000, 7) }];
  const files = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      archive(`${i}.tar`, shared, [{ name: 'own', content: String(i) }]),
    ),
  );
  const images = await Promise.all(files.map((file) => store.pull(`oci-archive:${file}`)));
  t.is(new Set(images.map((image) => image.id)).size, 10);
  t.is(new Set(images.map((image) => image.layers[0]?.erofsPath)).size, 1);
  t.is((await readdir(join(root, 'layers'))).length, 22);
});

test('layers stack: empty ones are left out, a root that hides all below stands alone', async (t) => {
  const { store, archive } = await fixture(t);
  const passwd = (name: string): Entry => ({ name: 'etc/passwd', content: `${name}:x:1:1::/:\n` });
  const two = await store.pull(
    `oci-archive:${await archive('two.tar', [passwd('a'), ...hello], [], [passwd('b')])}`,
  );
  t.is(two.layers.length, 2);
  t.is(two.passwd, 'b:x:1:1::/:\n');
  const opaque = await store.pull(
    `oci-archive:${await archive('opaque.tar', [passwd('a')], [{ name: '.wh..wh..opq' }, ...hello])}`,
  );
  t.is(opaque.layers.length, 1);
  t.is(opaque.passwd, '');
  const empty = await store.pull(`oci-archive:${await archive('empty.tar', [], [])}`);
  t.is(empty.layers.length, 1);
  const none = `oci-archive:${await archive('none.tar')}`;
  await t.throwsAsync(store.pull(none), { code: 'ERR_IMAGE_UNSUPPORTED', message: /no layers/ });
});

test('a layer that takes a folder’s attributes from below is kept for each such stack', async (t) => {
  const { store, archive } = await fixture(t);
  const top: Entry[] = [{ name: 'tmp/x', content: 'x' }];
  const sticky = await store.pull(
    `oci-archive:${await archive('1.tar', [{ name: 'tmp/', type: 'directory', mode: 0o1777 }], top)}`,
  );
  const plain = await store.pull(
    `oci-archive:${await archive('2.tar', [{ name: 'tmp/', type: 'directory' }], top)}`,
  );
  const again = await store.pull(
    `oci-archive:${await archive('3.tar', [{ name: 'tmp/', type: 'directory', mode: 0o1777 }, ...hello], top)}`,
  );
  t.is(sticky.layers[1]?.diffId, plain.layers[1]?.diffId);
  t.not(sticky.layers[1]?.erofsPath, plain.layers[1]?.erofsPath);
  t.is(sticky.layers[1]?.erofsPath, again.layers[1]?.erofsPath);
});

test('images are found by name, by reference and by the start of their id', async (t) => {
  const registry = await Registry.start();
  t.teardown(() => registry.stop());
  const { store, archive } = await fixture(t);
  const name = await registry.push(`oci-archive:${await archive('a.tar', hello)}`, 'team/app:1');
  await t.throwsAsync(store.resolve(name, { pullPolicy: 'never' }), {
    code: 'ERR_IMAGE_NOT_FOUND',
    message: /thaw pull/,
  });
  const image = await store.resolve(name, { tlsVerify: false });
  t.deepEqual(image.names, [name]);
  for (const text of [
    name,
    `docker://${name}`,
    image.id,
    image.id.slice(7, 19),
    image.id.slice(0, 12),
  ]) {
    t.is((await store.resolve(text, { pullPolicy: 'never' })).id, image.id, text);
  }
  await store.pull(`oci-archive:${await archive('b.tar', [{ name: 'b', content: 'b' }])}`);
});

test('pull policies: missing asks nobody, always asks the registry', async (t) => {
  const registry = await Registry.start();
  t.teardown(() => registry.stop());
  const { store, archive } = await fixture(t);
  const tls = { tlsVerify: false };
  const name = await registry.push(`oci-archive:${await archive('a.tar', hello)}`, 'app');
  const first = await store.resolve(name, tls);
  const lines: string[] = [];
  const onProgress = ({ text }: Progress) => lines.push(text);
  t.is((await store.resolve(name, { ...tls, pullPolicy: 'always', onProgress })).id, first.id);
  t.regex(lines.join('\n'), /up to date/);
  await registry.push(
    `oci-archive:${await archive('b.tar', [{ name: 'b', content: 'b' }])}`,
    'app',
  );
  t.is((await store.resolve(name, tls)).id, first.id);
  const second = await store.resolve(name, { ...tls, pullPolicy: 'always' });
  t.not(second.id, first.id);
  await registry.stop();
  t.is((await store.resolve(name, tls)).id, second.id);
  await t.throwsAsync(store.resolve(name, { ...tls, pullPolicy: 'always' }), {
    code: 'ERR_IMAGE_UNREACHABLE',
  });
});

test('zstd layers and docker manifests come from a registry', async (t) => {
  const registry = await Registry.start();
  t.teardown(() => registry.stop());
  const { dir, store } = await fixture(t);
  const tar = await makeTar(hello);
  const source = `oci-archive:${await archiveOf(dir, 'a.tar', { layers: [{ tar, compression: 'none' }] })}`;
  const zstd = await registry.push(source, 'zstd', '--dest-compress-format', 'zstd');
  const raw: unknown = JSON.parse(
    (await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${zstd}`])).stdout,
  );
  t.like(raw, { layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd' }] });
  const docker = await registry.push(source, 'docker', '--format', 'v2s2');
  const a = await store.pull(zstd, { tlsVerify: false });
  const b = await store.pull(docker, { tlsVerify: false });
  t.is(a.layers[0]?.erofsPath, b.layers[0]?.erofsPath);
  t.not(a.layers[0]?.digest, b.layers[0]?.digest);
});

test('removing takes names off, then the image, and spares what is shared or used', async (t) => {
  const { root, store, archive } = await fixture(t);
  const a = `oci-archive:${await archive('a.tar', hello, [{ name: 'a', content: 'a' }])}`;
  const b = `oci-archive:${await archive('b.tar', hello, [{ name: 'b', content: 'b' }])}`;
  const image = await store.pull(a);
  await store.pull(b);
  await store.pull(`oci:${a.slice('oci-archive:'.length)}.layout`);
  await t.throwsAsync(store.remove(image.id.slice(7, 19), unused), {
    code: 'ERR_IMAGE_IN_USE',
    message: /names/,
  });
  t.deepEqual(await store.remove(a, unused), [`Untagged: ${a}`]);
  await t.throwsAsync(
    store.remove(image.id.slice(7, 19), ({ id }) => id === image.id),
    { code: 'ERR_IMAGE_IN_USE', message: /container/ },
  );
  t.is((await store.remove(image.id, unused)).at(-1), `Deleted: ${image.id}`);
  t.is((await readdir(join(root, 'layers'))).length, 4);
  await store.remove(b, unused);
  t.deepEqual(await readdir(join(root, 'layers')), []);
  t.deepEqual(await store.list(), []);
  await t.throwsAsync(store.remove(b, unused), { code: 'ERR_IMAGE_NOT_FOUND' });
});

test('an image just handed out cannot be removed under its caller', async (t) => {
  const { store, archive } = await fixture(t);
  const reference = `oci-archive:${await archive('a.tar', hello)}`;
  await store.pull(reference);
  // Either order is right: removed and pulled again, or refused. A path to a removed image is wrong.
  for (let round = 0; round < 20; round++) {
    let isUsed = false;
    const resolved = store.resolve(reference).then((image) => {
      isUsed = true;
      return image.layers[0]?.erofsPath ?? '';
    });
    const removed = store.remove(reference, () => isUsed).catch(() => undefined);
    const path = await resolved;
    await removed;
    await t.notThrowsAsync(access(path));
  }
});

test('a store opened again knows its images, and drops what is damaged', async (t) => {
  const { root, store, archive } = await fixture(t);
  const a = await store.pull(`oci-archive:${await archive('a.tar', hello)}`);
  const b = await store.pull(
    `oci-archive:${await archive('b.tar', [{ name: 'b', content: 'b' }])}`,
  );
  const again = await ImageStore.open({ root, log });
  t.deepEqual(await again.list(), await store.list());
  await truncate(b.layers[0]?.erofsPath ?? '', 100);
  await writeFile(join(root, 'images', 'junk.json'), '{');
  await writeFile(join(root, 'layers', 'junk.tmp'), 'x');
  const third = await ImageStore.open({ root, log });
  t.deepEqual(
    (await third.list()).map((image) => image.id),
    [a.id],
  );
  t.deepEqual(await leftovers(root), []);
  t.is((await readdir(join(root, 'layers'))).length, 2);
  t.is((await third.resolve(b.names[0] ?? '')).id, b.id);
});

test('damaged records do not keep the store from opening', async (t) => {
  const { root, store, archive } = await fixture(t);
  const reference = `oci-archive:${await archive('a.tar', hello)}`;
  await store.pull(reference);
  await writeFile(join(root, 'names.json'), 'garbage');
  const again = await ImageStore.open({ root, log });
  t.is((await again.list()).length, 1);
  t.deepEqual((await again.resolve(reference)).names, [reference]);
});

test('a failed pull leaves nothing, and the store works on', async (t) => {
  const { dir, root, store, archive } = await fixture(t);
  const bad: Entry[] = [{ name: '../x', content: '' }];
  const unsafe = `oci-archive:${await archive('bad.tar', hello, bad)}`;
  await t.throwsAsync(store.pull(unsafe), {
    code: 'ERR_IMAGE_UNSAFE',
    message: /bad\.tar.*layer 2 of 2.*"\.\.\/x"/,
  });
  const file = await archive('a.tar', [{ name: 'big', content: Buffer.alloc(300_000, 1) }]);
  const bytes = await readFile(file);
  const turned = Buffer.from(bytes);
  // In the gzip of the layer, which is the archive's largest file.
  const at = bytes.indexOf(Buffer.from('1f8b', 'hex')) + 100;
  turned[at] = (turned[at] ?? 0) ^ 1;
  await writeFile(join(dir, 'corrupt.tar'), turned);
  await t.throwsAsync(store.pull(`oci-archive:${dir}/corrupt.tar`), {
    code: 'ERR_IMAGE_CORRUPT',
    message: /corrupt\.tar/,
  });
  const arm = await archiveOf(dir, 'arm.tar', {
    layers: [{ tar: await makeTar(hello) }],
    architecture: 's390x',
  });
  await t.throwsAsync(store.pull(`oci-archive:${arm}`), {
    code: 'ERR_IMAGE_PLATFORM',
    message: /s390x/,
  });
  await t.throwsAsync(store.pull('oci-archive:/nowhere.tar'), {
    code: 'ERR_IMAGE_NOT_FOUND',
    message: /nowhere\.tar/,
  });
  await t.throwsAsync(store.pull('oci-archive:nowhere.tar'), { code: 'ERR_IMAGE_REFERENCE' });
  t.deepEqual(await store.list(), []);
  t.deepEqual(await readdir(root, { recursive: true }).then((files) => files.sort()), [
    'blobs',
    'images',
    'layers',
    'tmp',
  ]);
  t.is((await store.pull(`oci-archive:${file}`)).layers.length, 1);
});

test('an aborted pull leaves nothing', async (t) => {
  const { root, store, archive } = await fixture(t);
  const reference = `oci-archive:${await archive('a.tar', [{ name: 'big', content: Buffer.alloc(32 * 1024 * 1024, 1) }])}`;
  for (const ms of [0, 60, 120, 200]) {
    const stop = new AbortController();
    const pull = store.pull(reference, { signal: stop.signal });
    if (ms > 0) await Promise.race([pull, sleep(ms)]);
    stop.abort();
    const [result] = await Promise.allSettled([pull]);
    // On a quick machine the pull may end before.
    if (ms === 0 || result.status === 'rejected')
      t.like(result, { reason: { code: 'ERR_IMAGE_ABORTED' } });
    await store.pull(reference);
    await store.remove(reference, unused);
  }
  t.deepEqual(await leftovers(root), []);
  t.deepEqual(await readdir(join(root, 'layers')), []);
});

test('what a killed process left is cleared, what a living one works on is not', async (t) => {
  const { dir, root, store, archive } = await fixture(t);
  const reference = `oci-archive:${await archive('a.tar', [{ name: 'big', content: Buffer.alloc(64 * 1024 * 1024, 1) }])}`;
  const module = new URL('../../../../toolstack/image/index.js', import.meta.url).href;
  const script = `
    import { ImageStore } from ${JSON.stringify(module)};
    const log = { info() {}, warn() {} };
    const store = new ImageStore({ root: ${JSON.stringify(root)}, log });
    await store.pull(${JSON.stringify(reference)}, { onProgress: ({ text }) => {
      if (!text.startsWith('Converting')) return;
      console.log('now');
      process.kill(process.pid, 'SIGSTOP');
    } });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // The process is stopped, since it might end before the test has looked.
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const [work] = await readdir(join(root, 'tmp'));
  t.truthy(work);
  await ImageStore.open({ root, log });
  t.deepEqual(await readdir(join(root, 'tmp')), [work ?? '']);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
  await until('no tool of its is left', async () => {
    const found = run('pgrep', ['-f', `(skopeo|mkfs.erofs).*${dir}`]);
    return (await found.catch((error: { code: number }) => error.code)) === 1;
  });
  const again = await ImageStore.open({ root, log });
  t.deepEqual(await leftovers(root), []);
  t.is((await again.resolve(reference)).layers.length, 1);
  t.deepEqual(await store.list(), []);
});

test('a full disk is named with what is free, and nothing is left on it', async (t) => {
  const { dir, archive } = await fixture(t);
  const root = join(dir, 'small');
  await mkdir(root);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
  t.teardown(() => run('umount', [root]));
  const store = await ImageStore.open({ root, log });
  // It fits compressed but not unpacked; the second one does not even fit compressed.
  const zeros = await archive('zeros.tar', [
    { name: 'big', content: Buffer.alloc(16 * 1024 * 1024) },
  ]);
  const noise = await archiveOf(dir, 'noise.tar', {
    layers: [
      {
        tar: await makeTar([{ name: 'big', content: Buffer.alloc(16 * 1024 * 1024, 3) }]),
        compression: 'none',
      },
    ],
  });
  for (const file of [zeros, noise]) {
    const error = await t.throwsAsync(store.pull(`oci-archive:${file}`), {
      code: 'ERR_IMAGE_NOSPACE',
    });
    t.regex(
      error?.message ?? '',
      /more than the [34](\.\d)? MiB that are free of 4 MiB at .*small/,
    );
    t.deepEqual((await readdir(root, { recursive: true })).sort(), [
      'blobs',
      'images',
      'layers',
      'tmp',
    ]);
  }
  t.is((await store.pull(`oci-archive:${await archive('fits.tar', hello)}`)).layers.length, 1);
});
