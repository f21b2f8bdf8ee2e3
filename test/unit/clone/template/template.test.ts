// SPDX-License-Identifier: Apache-2.0
// A template is stored completely or not at all, is read back byte for byte, and is refused when damaged.

import { randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { memfdCreate } from '../../../../bindings/index.js';
import { closeFd, reopenFd } from '../../../../toolstack/clone/template/memfd.js';
import { shapeFor } from '../../../../toolstack/clone/template/shape.js';
import {
  loadTemplate,
  saveTemplate,
  type Template,
} from '../../../../toolstack/clone/template/template.js';

// More than one chunk of the reader, and no multiple of one.
const STREAM = randomBytes(2.5 * 2 ** 20 + 7);

async function storedTemplate(t: ExecutionContext) {
  const base = await mkdtemp(join(tmpdir(), 'thaw-template-'));
  t.teardown(() => rm(base, { recursive: true, force: true }));
  const fd = memfdCreate('thaw-test');
  t.teardown(() => closeFd(fd));
  writeFileSync(`/proc/self/fd/${fd}`, STREAM);
  const template: Template = {
    key: 'abc',
    shape: shapeFor('pvh', 2, 4),
    running: { disks: ['/l/a.erofs'], vcpus: 2 },
    fd,
    bytes: STREAM.length,
    dataPages: 5,
    memTotalKib: 50_000,
  };
  const folder = join(base, 'abc');
  await saveTemplate(folder, template);
  return { base, folder, template };
}

function contents(fd: number): Buffer {
  return readFileSync(`/proc/self/fd/${fd}`);
}

test.serial('a template comes back as it was kept', async (t) => {
  const { base, folder, template } = await storedTemplate(t);
  const loaded = await loadTemplate(folder);
  t.truthy(loaded);
  if (!loaded) return;
  t.teardown(() => closeFd(loaded.fd));
  t.deepEqual({ ...loaded, fd: template.fd }, template);
  t.true(contents(loaded.fd).equals(STREAM));
  t.deepEqual(await readdir(base), ['abc']);
});

test.serial('its folder and files are for root alone', async (t) => {
  const { folder } = await storedTemplate(t);
  t.is(statSync(folder).mode & 0o777, 0o700);
  for (const name of await readdir(folder))
    t.is(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

test.serial('keeping it again replaces it, and what a crash left half-written too', async (t) => {
  const { base, folder, template } = await storedTemplate(t);
  await mkdir(`${folder}.tmp`);
  await writeFile(join(`${folder}.tmp`, 'stream'), 'half');
  await saveTemplate(folder, { ...template, memTotalKib: 1 });
  const loaded = await loadTemplate(folder);
  if (loaded) closeFd(loaded.fd);
  t.is(loaded?.memTotalKib, 1);
  t.deepEqual(await readdir(base), ['abc']);
});

test.serial('no folder is no template', async (t) => {
  const { base } = await storedTemplate(t);
  t.is(await loadTemplate(join(base, 'none')), undefined);
});

const damages: [string, (folder: string) => Promise<void>][] = [
  [
    'one bit of its stream is another',
    async (folder) => {
      const file = await open(join(folder, 'stream'), 'r+');
      await file.write(Buffer.from([(STREAM[1_500_000] ?? 0) ^ 1]), 0, 1, 1_500_000);
      await file.close();
    },
  ],
  ['its stream is cut off', (folder) => truncate(join(folder, 'stream'), STREAM.length - 1)],
  ['its stream is missing', (folder) => rm(join(folder, 'stream'))],
  ['its description is cut off', (folder) => truncate(join(folder, 'template.json'), 20)],
  ['its description is empty', (folder) => truncate(join(folder, 'template.json'), 0)],
  ['its description is another thing', (folder) => writeFile(join(folder, 'template.json'), '{}')],
  ['its description is null', (folder) => writeFile(join(folder, 'template.json'), 'null')],
  [
    'its checksum is another',
    async (folder) => {
      const path = join(folder, 'template.json');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace(/"sha256": "./, '"sha256": "x'));
    },
  ],
];

for (const [what, damage] of damages) {
  test.serial(`a template is refused when ${what}`, async (t) => {
    const { folder } = await storedTemplate(t);
    await damage(folder);
    const before = (await readdir('/proc/self/fd')).length;
    await t.throwsAsync(loadTemplate(folder), { code: 'ERR_TEMPLATE_DAMAGED' });
    t.is((await readdir('/proc/self/fd')).length, before, 'a descriptor was left open');
  });
}

test.serial('each who opens a memory file has an offset of its own', async (t) => {
  const { template } = await storedTemplate(t);
  const [one, two] = [await reopenFd(template.fd, 'r'), await reopenFd(template.fd, 'r')];
  const read = async (file: typeof one) => (await file.read(Buffer.alloc(4), 0, 4)).buffer;
  const first = await read(one);
  t.deepEqual(await read(two), first);
  t.notDeepEqual(await read(one), first);
  await one.close();
  await two.close();
});
