// SPDX-License-Identifier: Apache-2.0
// Concurrent requests make or load a template once. Stored templates that no longer fit are removed.

import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { memfdCreate } from '../../../../bindings/index.js';
import { closeFd } from '../../../../toolstack/clone/template/memfd.js';
import {
  shapeFor,
  templateKey,
  type GuestFiles,
} from '../../../../toolstack/clone/template/shape.js';
import { saveTemplate } from '../../../../toolstack/clone/template/template.js';
import { Templates } from '../../../../toolstack/clone/template/templates.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

const guest: GuestFiles = { kernel: '/k', initrd: '/i', cmdline: '', hash: 'hash' };
const shape = shapeFor('pv', 1, 4);

async function storedTemplates(t: { teardown(fn: () => unknown): void }) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-templates-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const libxl = new FakeLibxl();
  const host = fakeXenHost(libxl);
  const key = await templateKey(host, guest, shape);
  const fd = memfdCreate('thaw-test');
  writeFileSync(`/proc/self/fd/${fd}`, 'stream');
  await saveTemplate(join(folder, key), {
    key,
    shape,
    fd,
    bytes: 6,
    dataPages: 0,
    memTotalKib: 1,
  });
  closeFd(fd);
  return { folder, host, libxl, key, templates: new Templates(host, guest, folder, 1000) };
}

test('a stored template is loaded once, however many ask', async (t) => {
  const { templates, key } = await storedTemplates(t);
  const [one, two] = await Promise.all([templates.get(shape), templates.get({ ...shape })]);
  t.is(one.fd, two.fd);
  t.is(one.key, key);
  t.is((await templates.list()).length, 1);
  await templates.close();
  t.deepEqual(await templates.list(), []);
});

test('a shape that cannot be made rejects, and is tried again by the next who asks', async (t) => {
  const { templates, libxl } = await storedTemplates(t);
  let tries = 0;
  Object.assign(libxl, {
    domainCreateNew: () => {
      tries++;
      return Promise.reject(new Error('no memory'));
    },
  });
  const other = shapeFor('pvh', 1, 4);
  await t.throwsAsync(templates.get(other), { message: 'no memory' });
  await t.throwsAsync(templates.get(other), { message: 'no memory' });
  t.is(tries, 2);
  t.deepEqual(await templates.list(), []);
});

test('a sweep removes what fits no more and what was half written', async (t) => {
  const { templates, folder, key } = await storedTemplates(t);
  await mkdir(join(folder, 'ffffffffffffffffffff'));
  await mkdir(join(folder, `${key}.tmp`));
  await templates.sweep();
  t.deepEqual(await readdir(folder), [key]);
});
