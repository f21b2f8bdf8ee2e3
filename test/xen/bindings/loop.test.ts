// SPDX-License-Identifier: Apache-2.0
// Attaches a file as a read-only loop device of the kernel, and detaches it.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, openSync, closeSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loopAttach, loopDetach } from '../../../bindings/index.js';
import { kernelLoops } from '../../../toolstack/xen/loop-driver.js';

function makeFile(name: string, fill: string): { file: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-loop-'));
  const file = join(folder, name);
  writeFileSync(file, fill.repeat(8192));
  return { file, remove: () => rmSync(folder, { recursive: true }) };
}

const shows = async (device: string) =>
  (await kernelLoops.list()).find(({ name }) => name === device)?.file;

test.serial('a file becomes a read-only disk, is listed, and is let go', async (t) => {
  const { file, remove } = makeFile('a file with spaces', 'x');
  const device = await loopAttach(file);
  try {
    t.regex(device, /^\/dev\/loop\d+$/);
    t.is(await shows(device), file);
    t.is(readFileSync(`/sys/block/${device.slice(5)}/ro`, 'utf8'), '1\n');
    t.is(readFileSync(device, 'latin1'), 'x'.repeat(8192));
    t.throws(() =>
      execFileSync('dd', ['if=/dev/zero', `of=${device}`, 'bs=512', 'count=1'], { stdio: 'pipe' }),
    );
  } finally {
    await loopDetach(device);
    remove();
  }
  t.is(await shows(device), undefined);
  await t.notThrowsAsync(loopDetach(device));
});

test.serial('a device in use goes with its last user', async (t) => {
  const { file, remove } = makeFile('f', 'y');
  const device = await loopAttach(file);
  const user = openSync(device, 'r');
  await loopDetach(device);
  t.is(await shows(device), file);
  closeSync(user);
  t.is(await shows(device), undefined);
  remove();
});

test.serial('twenty at once are twenty devices', async (t) => {
  const { file, remove } = makeFile('f', 'z');
  const devices = await Promise.all(Array.from({ length: 20 }, () => loopAttach(file)));
  t.is(new Set(devices).size, 20);
  await Promise.all(devices.map((device) => loopDetach(device)));
  t.deepEqual(
    (await kernelLoops.list()).filter((loop) => loop.file === file),
    [],
  );
  remove();
});

test.serial(
  'what is no file and what is no loop device is refused, and leaves no device',
  async (t) => {
    const before = await kernelLoops.list();
    await t.throwsAsync(loopAttach('/nowhere'), { code: 'ERR_XEN_ENOENT' });
    await t.throwsAsync(loopAttach('/root'), { code: 'ERR_XEN_EINVAL' });
    await t.throwsAsync(loopDetach('/nowhere'), { code: 'ERR_XEN_ENOENT' });
    await t.throwsAsync(loopDetach('/dev/null'), { code: 'ERR_XEN_ENOTTY' });
    await t.throwsAsync(loopAttach(7 as unknown as string), { instanceOf: TypeError });
    t.deepEqual(await kernelLoops.list(), before);
  },
);
