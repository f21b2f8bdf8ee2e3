// SPDX-License-Identifier: Apache-2.0
// The config for crun, complete and for each option.

import test from 'ava';
import {
  BOUND_FILES,
  buildSpec,
  type SpecInput,
} from '../../../../toolstack/runtime/create/guest-config.js';

const input: SpecInput = {
  args: ['/bin/sh', '-c', 'echo "ä"'],
  env: ['PATH=/bin', 'EMPTY='],
  cwd: '/home/app',
  user: { uid: 0, gid: 0, additionalGids: [] },
  tty: false,
  rows: 24,
  cols: 80,
  hostname: 'web',
  rootfsPath: '/run/thaw/roots/main/rootfs',
  filesPath: '/run/thaw/containers/abc/files',
  confinement: {},
};

interface Spec {
  process: Record<string, unknown> & {
    capabilities: Record<string, string[]>;
    consoleSize?: object;
  };
  root: object;
  hostname: string;
  mounts: { destination: string; type: string; source: string; options: string[] }[];
  linux: {
    namespaces: { type: string }[];
    resources: { cpu?: object; pids: object; devices?: object[] };
    maskedPaths: string[];
  };
}

function spec(change: Partial<SpecInput> = {}): Spec {
  return JSON.parse(buildSpec({ ...input, ...change })) as Spec;
}

test('the process is what was asked for', (t) => {
  const { process, root, hostname } = spec();
  t.like(process, { terminal: false, args: input.args, env: input.env, cwd: '/home/app' });
  t.like(process, { user: { uid: 0, gid: 0, additionalGids: [] } });
  t.deepEqual(root, { path: input.rootfsPath });
  t.is(hostname, 'web');
});

test('a container has namespaces of its own, but for the network, which is its domain', (t) => {
  const types = spec().linux.namespaces.map(({ type }) => type);
  t.deepEqual(types.sort(), ['cgroup', 'ipc', 'mount', 'pid', 'uts']);
});

test('root keeps capabilities, other users start without, and nobody can gain more', (t) => {
  const root = spec().process.capabilities;
  t.deepEqual(root['effective'], root['bounding']);
  const user = spec({ user: { uid: 1000, gid: 1000, additionalGids: [] } }).process.capabilities;
  t.deepEqual(user['effective'], []);
  t.deepEqual(user['permitted'], []);
  t.deepEqual(user['bounding'], root['bounding']);
  for (const name of ['CAP_SYS_ADMIN', 'CAP_SYS_MODULE', 'CAP_SYS_PTRACE', 'CAP_NET_ADMIN'])
    t.false(root['bounding']?.includes(name), name);
  t.is(root['inheritable'], undefined);
  t.is(root['ambient'], undefined);
});

test("files of thaw's own are bound over those of the image", (t) => {
  const { mounts } = spec();
  for (const name of BOUND_FILES) {
    const mount = mounts.find(({ destination }) => destination === `/etc/${name}`);
    t.like(mount, { type: 'bind', source: `${input.filesPath}/${name}` });
    t.true(mount?.options.includes('bind') && mount.options.includes('nodev'));
  }
});

test('system folders are mounted in an order in which each finds its parent', (t) => {
  const places = spec().mounts.map(({ destination }) => destination);
  t.is(new Set(places).size, places.length);
  for (const [parent, child] of [
    ['/dev', '/dev/pts'],
    ['/dev', '/dev/shm'],
    ['/sys', '/sys/fs/cgroup'],
  ] as const)
    t.true(places.indexOf(parent) >= 0 && places.indexOf(parent) < places.indexOf(child), child);
});

test('only /dev can be written among the kernel’s folders', (t) => {
  for (const { destination, options } of spec().mounts)
    if (destination.startsWith('/sys')) t.true(options.includes('ro'), destination);
});

test('a terminal has its size from the start, where that is known', (t) => {
  t.is(spec().process.consoleSize, undefined);
  t.deepEqual(spec({ tty: true }).process.consoleSize, { height: 24, width: 80 });
  t.is(spec({ tty: true, rows: 0 }).process.consoleSize, undefined);
});

test('part of a CPU becomes a quota, whole CPUs none', (t) => {
  t.is(spec().linux.resources.cpu, undefined);
  t.deepEqual(spec({ cpu: { quota: 150_000, period: 100_000 } }).linux.resources.cpu, {
    quota: 150_000,
    period: 100_000,
  });
});

test('processes are limited', (t) => {
  t.deepEqual(spec().linux.resources.pids, { limit: 2048 });
});

test('no device is allowed but what crun adds itself where a container could come by others', (t) => {
  t.is(spec().linux.resources.devices, undefined);
  const { devices } = spec({ confinement: { capAdd: ['mknod'] } }).linux.resources;
  t.deepEqual(devices, [{ allow: false, access: 'rwm' }]);
});
