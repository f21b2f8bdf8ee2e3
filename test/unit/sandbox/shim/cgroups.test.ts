// SPDX-License-Identifier: Apache-2.0
// The place of the sandboxes' cgroups, with a folder in place of the kernel's tree. test/shim/spawner.test.ts and test/xen/thaw/cgroup.test.ts have
// the kernel's.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { placeOf, SandboxCgroups } from '../../../../toolstack/sandbox/shim/cgroups.js';

function tree(t: ExecutionContext, place: string) {
  const root = mkdtempSync(join(tmpdir(), 'thaw-cgroups-'));
  t.teardown(() => {
    rmSync(root, { recursive: true });
  });
  for (const path of ['', ...prefixes(place), join(place, 'sandboxes'), join(place, 'earlier')]) {
    mkdirSync(join(root, path), { recursive: true });
    for (const file of ['cgroup.procs', 'cgroup.subtree_control'])
      writeFileSync(join(root, path, file), '');
  }
  const own = join(root, 'own');
  return { root, own, at: (...names: string[]) => join(root, place, ...names) };
}

/** Each folder on the way to the path. */
const prefixes = (path: string): string[] =>
  path.split('/').map((_, index, all) => all.slice(0, index + 1).join('/'));

test('a thawd that its service manager has put into a cgroup of its own uses the one above', (t) => {
  t.is(placeOf('0::/system.slice/thawd.service/daemon\n'), '/system.slice/thawd.service');
  t.is(placeOf('9:pids:/x\n0::/\n'), '/thaw');
  t.is(placeOf('0::/user.slice/session-1.scope\n'), '/thaw');
  t.is(placeOf(''), '/thaw');
});

test('limits are those of the controllers that the kernel gives', async (t) => {
  const { root, own, at } = tree(t, 'system.slice/thawd.service');
  writeFileSync(own, '0::/system.slice/thawd.service/daemon\n');
  // A real file would list all that was enabled; this one keeps the last.
  const cgroups = await SandboxCgroups.open(silentLog(), root, own);
  t.is(cgroups?.folder, at('sandboxes'));
  t.deepEqual(cgroups?.limits, [], '"+memory" is no controller: this tree enables none');
  t.is(readFileSync(at('cgroup.subtree_control'), 'utf8'), '+cpu');
});

test('shims of earlier versions get a place of their own', async (t) => {
  const { root, own, at } = tree(t, 'thaw');
  writeFileSync(own, '0::/\n');
  writeFileSync(at('cgroup.procs'), '11\n12\n');
  await SandboxCgroups.open(silentLog(), root, own);
  t.is(readFileSync(at('earlier', 'cgroup.procs'), 'utf8'), '12');
});

async function opened(t: ExecutionContext, ...names: string[]) {
  const { root, own, at } = tree(t, 'thaw');
  writeFileSync(own, '0::/\n');
  const make = (name: string, processes: string): void => {
    mkdirSync(at('sandboxes', name), { recursive: true });
    writeFileSync(at('sandboxes', name, 'cgroup.procs'), processes);
  };
  for (const name of names) make(name, '7\n');
  const cgroups = await SandboxCgroups.open(silentLog(), root, own);
  if (!cgroups) throw new Error('There are no cgroups');
  return { cgroups, make };
}

test('each sandbox has a cgroup, and a left one is used again once it is empty', async (t) => {
  const { cgroups, make } = await opened(t);
  t.deepEqual([cgroups.take('/run/a'), cgroups.take('/run/b')], ['1', '2']);
  make('1', '11\n');
  make('2', '12\n');
  cgroups.leave('/run/a');
  cgroups.leave('/run/a');
  cgroups.leave('/run/unknown');
  t.is(cgroups.take('/run/c'), '3', 'the first still has a process');
  make('1', '');
  t.is(cgroups.take('/run/d'), '1');
  t.is(cgroups.take('/run/e'), '4');
});

test('cgroups of an earlier thawd serve again once they are empty, and no name is given twice', async (t) => {
  const { cgroups, make } = await opened(t, '3', '9', 'odd');
  t.is(cgroups.take('/run/a'), '10');
  make('9', '');
  t.is(cgroups.take('/run/b'), '9');
});

test('a host without cgroup v2 has none', async (t) => {
  const { own, root } = tree(t, 'thaw');
  t.is(await SandboxCgroups.open(silentLog(), join(root, 'nowhere'), own), undefined);
});
