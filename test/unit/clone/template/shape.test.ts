// SPDX-License-Identifier: Apache-2.0
// Selects the template that serves a container, and checks that a stored template still fits.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  BASE_MEMORY_KIB,
  loadGuestFiles,
  parseCmdline,
  shapeFor,
  templateKey,
} from '../../../../toolstack/clone/template/shape.js';
import type { XenHost } from '../../../../toolstack/xen/host.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

test('a command line has one option a line, comments and blank lines gone', (t) => {
  const text = '# what it is\n\nconsole=hvc0   # why\nquiet\n  panic=-1\n\n# Not here: x=1\n';
  t.is(parseCmdline(text), 'console=hvc0 quiet panic=-1');
  t.is(parseCmdline('one two\n'), 'one two');
  t.is(parseCmdline(''), '');
});

test('there are two shapes for each type: one vCPU, or as many as the host has', (t) => {
  const memoryKib = BASE_MEMORY_KIB;
  t.deepEqual(shapeFor('pv', 1, 8), { type: 'pv', vcpus: 1, memoryKib });
  const more = memoryKib + 7 * 1024;
  t.deepEqual(shapeFor('pvh', 2, 8), { type: 'pvh', vcpus: 8, memoryKib: more });
  t.deepEqual(shapeFor('pvh', 8, 8), shapeFor('pvh', 2, 8));
  t.deepEqual(shapeFor('pvh', 1, 1), { type: 'pvh', vcpus: 1, memoryKib });
});

async function guestFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-guest-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'vmlinux'), 'kernel');
  await writeFile(join(folder, 'initrd'), 'initrd');
  await writeFile(join(folder, 'cmdline'), 'console=hvc0 # why\n');
  return folder;
}

test("the guest files' hash follows their contents alone", async (t) => {
  const [one, two] = [await guestFolder(t), await guestFolder(t)];
  const before = await loadGuestFiles(one);
  t.is(before.cmdline, 'console=hvc0');
  t.is((await loadGuestFiles(two)).hash, before.hash);
  await writeFile(join(two, 'cmdline'), '# another comment\nconsole=hvc0\n');
  t.is((await loadGuestFiles(two)).hash, before.hash);
  for (const name of ['vmlinux', 'initrd', 'cmdline']) {
    const folder = await guestFolder(t);
    await writeFile(join(folder, name), 'other');
    t.not((await loadGuestFiles(folder)).hash, before.hash, name);
  }
  await rm(join(two, 'initrd'));
  await t.throwsAsync(loadGuestFiles(two), { code: 'ENOENT' });
});

test('a key is the same for the same host, guest and shape, and another for any other', async (t) => {
  const guest = await loadGuestFiles(await guestFolder(t));
  const host = fakeXenHost(new FakeLibxl());
  const shape = shapeFor('pvh', 1, 4);
  const key = await templateKey(host, guest, shape);
  t.regex(key, /^[0-9a-f]{20}$/);
  t.is(await templateKey(host, { ...guest }, { ...shape }), key);

  const withVersion = (change: object): XenHost => ({
    ...host,
    version: { ...host.version, ...change },
  });
  const others = await Promise.all([
    templateKey(host, { ...guest, hash: 'other' }, shape),
    templateKey(host, guest, { ...shape, type: 'pv' }),
    templateKey(host, guest, { ...shape, vcpus: 4 }),
    templateKey(host, guest, { ...shape, memoryKib: 4 }),
    templateKey(withVersion({ version: '4.20.1' }), guest, shape),
    templateKey(withVersion({ commandline: 'spec-ctrl=no' }), guest, shape),
    templateKey(withVersion({ capabilities: 'hvm-3.0-x86_64' }), guest, shape),
    templateKey(withVersion({ changeset: 'other' }), guest, shape),
  ]);
  t.is(new Set([key, ...others]).size, others.length + 1);
});
