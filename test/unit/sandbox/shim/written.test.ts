// SPDX-License-Identifier: Apache-2.0
// The bytes that shims and file servers wrote, by the domain that their command lines name.

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writtenIn } from '../../../../toolstack/sandbox/shim/written.js';

test('a domain has the sum of its shim and its servers; what is neither counts for none', async (t) => {
  const root = await mkdtemp(join(tmpdir(), 'thaw-written-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const [groups, proc] = [join(root, 'groups'), join(root, 'proc')];
  const cgroup = async (name: string, ...pids: number[]) => {
    await mkdir(join(groups, name), { recursive: true });
    await writeFile(join(groups, name, 'cgroup.procs'), pids.map((pid) => `${pid}\n`).join(''));
  };
  const process = async (pid: number, words: string[], bytes: number) => {
    await mkdir(join(proc, String(pid)), { recursive: true });
    await writeFile(join(proc, String(pid), 'cmdline'), `${words.join('\0')}\0`);
    const io = `rchar: 1\nwrite_bytes: ${bytes}\ncancelled_write_bytes: 0\n`;
    await writeFile(join(proc, String(pid), 'io'), io);
  };
  await cgroup('1', 10, 11, 99);
  await cgroup('2', 20, 21);
  await process(10, ['/usr/lib/thaw/bin/thaw-shim', '--domid', '7', '--vchan'], 100);
  await process(11, ['thaw-shim', '--files', '7', '3'], 20);
  await process(20, ['thaw-shim', '--domid', '8', '--vchan'], 5);
  await process(21, ['sh', '--domid', '8', ''], 1000);
  t.deepEqual(
    [...(await writtenIn(groups, proc))],
    [
      [7, 120],
      [8, 5],
    ],
  );
  t.is((await writtenIn(join(root, 'none'), proc)).size, 0);
});
