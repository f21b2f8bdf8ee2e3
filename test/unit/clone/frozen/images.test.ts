// SPDX-License-Identifier: Apache-2.0
// A frozen image lasts until it is removed. It is made again when its stored files no longer fit.

import { existsSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { memfdCreate } from '../../../../bindings/index.js';
import { checkThere } from '../../../../toolstack/clone/engine/engine.js';
import { FrozenImages } from '../../../../toolstack/clone/frozen/images.js';
import type { ContainerPlan, ImagePlan } from '../../../../toolstack/clone/frozen/plan.js';
import type { GuestFiles } from '../../../../toolstack/clone/template/shape.js';
import { saveTemplate } from '../../../../toolstack/clone/template/template.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

async function setUp(t: ExecutionContext) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-frozen-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const layer = join(folder, 'layer.erofs');
  await writeFile(layer, 'layer');
  const made: string[] = [];
  const gone: string[] = [];
  const state = { failure: undefined as Error | undefined };
  const open = (hash = 'guest-1') => {
    const guest: GuestFiles = { kernel: '/k', initrd: '/i', cmdline: '', hash };
    return FrozenImages.open(
      {
        host: fakeXenHost(new FakeLibxl()),
        guest,
        helloMs: 1000,
        onGone: ({ key }) => Promise.resolve(void gone.push(key)),
        make: async (_host, _guest, request) => {
          if (state.failure) throw state.failure;
          made.push(request.key);
          const fd = memfdCreate('thaw-test');
          writeFileSync(`/proc/self/fd/${fd}`, 'stream');
          const { key, shape } = request;
          const template = { key, shape, fd, bytes: 6, dataPages: 0, memTotalKib: 1 };
          await saveTemplate(request.folder, template);
          return template;
        },
      },
      join(folder, 'frozen'),
    );
  };
  return { folder, layer, made, gone, state, open };
}

function planOf(layer: string, change: Partial<ImagePlan> = {}): ImagePlan {
  return {
    kind: 'image',
    name: 'web',
    image: 'web:latest',
    imageId: 'sha256:00',
    layers: [layer],
    command: ['serve'],
    shape: { type: 'pvh', vcpus: 1, memoryKib: 65536 },
    upperKib: 1024,
    start: {
      process: 1,
      flags: 1,
      rows: 0,
      cols: 0,
      container: 'c',
      rootfs: 'main',
      config: '{}',
      files: {},
    },
    created: 1,
    ...change,
  };
}

test('what was frozen is there at once, and for the next thawd', async (t) => {
  const { layer, made, open } = await setUp(t);
  const images = await open();
  const { template } = await images.freeze(planOf(layer));
  t.is((await images.get('web')).template, template);
  t.is(images.loaded('web'), template);
  await images.close();
  const next = await open();
  t.deepEqual(
    next.list().map(({ name, command }) => [name, command]),
    [['web', ['serve']]],
  );
  t.is(next.loaded('web'), undefined);
  t.is((await next.get('web')).template.key, template.key);
  t.is(made.length, 1);
  await next.close();
});

test('it is made again when its stream is damaged, or its guest is another', async (t) => {
  const { folder, layer, made, open } = await setUp(t);
  await (await open()).freeze(planOf(layer));
  writeFileSync(join(folder, 'frozen/web/template/stream'), 'strean');
  await (await open()).get('web');
  t.is(made.length, 2);
  t.is(made[1], made[0]);
  const { template } = await (await open('guest-2')).get('web');
  t.is(made.length, 3);
  t.not(template.key, made[0]);
});

test('without its layers it cannot be made, and the message says what to do', async (t) => {
  const { folder, layer, open } = await setUp(t);
  await t.throwsAsync((await open()).freeze(planOf(join(folder, 'nothing'))), {
    code: 'ERR_FROZEN_IMAGE',
    message: /web:latest is gone; pull it and freeze it again/,
  });
  await (await open()).freeze(planOf(layer));
  await rm(layer);
  await t.notThrowsAsync((await open()).get('web'));
  await t.throwsAsync((await open('guest-2')).get('web'), { code: 'ERR_FROZEN_IMAGE' });
});

test('one that could not be made leaves nothing, and its name is free', async (t) => {
  const { folder, layer, state, open } = await setUp(t);
  const images = await open();
  state.failure = new Error('no hello');
  await t.throwsAsync(images.freeze(planOf(layer)), { message: 'no hello' });
  t.false(existsSync(join(folder, 'frozen/web')));
  t.deepEqual(images.list(), []);
  state.failure = undefined;
  await t.notThrowsAsync(images.freeze(planOf(layer)));
});

test('the same name again takes the place of the first, and two at once do not mix', async (t) => {
  const { layer, gone, open } = await setUp(t);
  const images = await open();
  const first = await images.freeze(planOf(layer));
  const second = await images.freeze(planOf(layer, { command: ['other'] }));
  t.deepEqual(gone, [first.template.key]);
  t.is((await images.get('web')).template, second.template);
  await images.remove('web');
  const both = await Promise.allSettled([
    images.freeze(planOf(layer)),
    images.freeze(planOf(layer)),
  ]);
  t.like(both[1], { status: 'rejected', reason: { code: 'ERR_FROZEN_BUSY' } });
});

test('removed, it is gone from memory and disk; an unknown name says where to look', async (t) => {
  const { folder, layer, gone, open } = await setUp(t);
  const images = await open();
  const { template } = await images.freeze(planOf(layer));
  await images.remove('web');
  t.deepEqual(gone, [template.key]);
  t.throws(() => checkThere(template), { code: 'ERR_FROZEN_NOT_FOUND', message: /removed/ });
  t.false(existsSync(join(folder, 'frozen/web')));
  const unknown = { code: 'ERR_FROZEN_NOT_FOUND', message: /thaw templates/ };
  await t.throwsAsync(images.get('web'), unknown);
  await t.throwsAsync(images.remove('web'), unknown);
});

test('a folder that cannot be understood is removed', async (t) => {
  const { folder, layer, open } = await setUp(t);
  await (await open()).freeze(planOf(layer));
  await mkdir(join(folder, 'frozen/half'));
  const images = await open();
  t.deepEqual(
    images.list().map(({ name }) => name),
    ['web'],
  );
  t.false(existsSync(join(folder, 'frozen/half')));
});

const SHAPE = { type: 'pvh', vcpus: 1, memoryKib: 65536 } as const;

function containerPlan(layer: string): ContainerPlan {
  return {
    kind: 'container',
    name: 'warm',
    image: 'web:latest',
    imageId: 'sha256:00',
    layers: [layer],
    command: ['serve'],
    shape: SHAPE,
    created: 1,
    inGuest: 'c',
    vcpus: 1,
    after: 'true',
  };
}

function copied(layer: string) {
  const fd = memfdCreate('thaw-test');
  writeFileSync(`/proc/self/fd/${fd}`, 'stream');
  const running = { disks: [layer], vcpus: 1 };
  return { shape: SHAPE, running, fd, bytes: 6, dataPages: 1, memTotalKib: 60_000 };
}

test('a container that ran is kept for the next thawd, with its disks', async (t) => {
  const { layer, made, open } = await setUp(t);
  const images = await open();
  const { template } = await images.keep(containerPlan(layer), copied(layer));
  t.is((await images.get('warm')).template, template);
  t.true(images.needsImage('sha256:00'));
  t.false(images.needsImage('sha256:01'));
  await images.close();
  const next = await open();
  t.deepEqual(next.list(), [containerPlan(layer)]);
  const { template: loaded } = await next.get('warm');
  t.deepEqual([loaded.key, loaded.running], [template.key, { disks: [layer], vcpus: 1 }]);
  await next.remove('warm');
  t.deepEqual(made, []);
});

test('one that was a container is refused when it is damaged, stale or without its disks, and stays', async (t) => {
  const { folder, layer, made, open } = await setUp(t);
  await (await open()).keep(containerPlan(layer), copied(layer));
  const refused = async (hash: string, message: RegExp): Promise<void> => {
    const images = await open(hash);
    await t.throwsAsync(images.get('warm'), { code: 'ERR_FROZEN_CONTAINER', message });
    t.is(images.list().length, 1);
  };
  await refused('guest-2', /"warm": its guest or this host has changed, .*thaw unfreeze warm/);
  await rm(layer);
  await refused('guest-1', /"warm": a layer of web:latest is gone/);
  await writeFile(layer, 'layer');
  await t.notThrowsAsync((await open()).get('warm'));
  writeFileSync(join(folder, 'frozen/warm/template/stream'), 'strean');
  await refused('guest-1', /"warm": its stored memory is damaged.*cannot be made again/);
  await rm(join(folder, 'frozen/warm/template'), { recursive: true });
  await refused('guest-1', /"warm": its stored memory is gone/);
  t.deepEqual(made, []);
});

test('one that cannot be stored is refused, for there is no second one', async (t) => {
  const { folder, layer, open } = await setUp(t);
  const images = await open();
  await rm(join(folder, 'frozen'), { recursive: true });
  await writeFile(join(folder, 'frozen'), 'in the way');
  await t.throwsAsync(images.keep(containerPlan(layer), copied(layer)), {
    code: 'ERR_FROZEN_STORE',
    message: /"warm": its memory cannot be stored/,
  });
  t.deepEqual(images.list(), []);
});
