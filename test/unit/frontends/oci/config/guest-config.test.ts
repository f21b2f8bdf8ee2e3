// SPDX-License-Identifier: Apache-2.0
// Translates a bundle's config for its guest: shares by their number, namespaces of the guest, none of the host's. Refuses the rest.
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkConfig } from '../../../../../toolstack/frontends/oci/config/config.js';
import { planGuest } from '../../../../../toolstack/frontends/oci/config/guest-config.js';

const NAMESPACES = ['pid', 'ipc', 'uts', 'mount', 'network'].map((type) => ({ type }));

/** A container in a domain of its own. */
const ALONE = {
  device: 0,
  cgroup: 'container',
  isAlone: true,
  memoryBytes: undefined,
  joined: new Map(),
  sandbox: {},
  rootfs: 'main',
};

async function bundle(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-bundle-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await mkdir(join(folder, 'rootfs'));
  await writeFile(join(folder, 'hosts'), '');
  await symlink('hosts', join(folder, 'link'));
  return folder;
}

function config(change: object = {}, linux: object = {}) {
  return checkConfig({
    ociVersion: '1.2.0',
    process: { args: ['true'], cwd: '/', apparmorProfile: 'x' },
    root: { path: 'rootfs', readonly: true },
    hostname: 'box',
    domainname: 'test',
    linux: { namespaces: NAMESPACES, ...linux },
    ...change,
  });
}

test('a root filesystem of layers is no file of dom0', async (t) => {
  const folder = await bundle(t);
  const mounts = [{ destination: '/data', source: 'link', options: ['rbind'] }];
  const annotations = { 'io.thaw.rootfs': 'erofs' };
  const planned = await planGuest(config({ mounts, annotations }), folder);
  t.like(planned, { root: join(folder, 'rootfs'), rootfs: 'erofs' });
  t.deepEqual(planned.files, [{ name: '0', path: join(folder, 'hosts'), readOnly: false }]);
  const guest = JSON.parse(planned.configAt(ALONE)) as Record<string, unknown>;
  t.deepEqual(guest['root'], { path: '/run/thaw/roots/main/rootfs', readonly: true });
  t.like(guest['mounts'], [{ destination: '/data', source: '/run/thaw/files/thaw/0' }]);
});

test('root and binds come from dom0, the rest is the guest’s own', async (t) => {
  const folder = await bundle(t);
  const mounts = [
    { destination: '/proc', type: 'proc', source: 'proc' },
    {
      destination: '/etc/hosts',
      type: 'bind',
      source: join(folder, 'hosts'),
      options: ['bind', 'ro'],
    },
    { destination: '/data', source: 'link', options: ['rbind'] },
    { destination: '/dev/shm', type: 'bind', source: folder, options: ['bind'] },
  ];
  const linux = {
    cgroupsPath: '/engine/c',
    maskedPaths: ['/proc/kcore'],
    sysctl: { 'net.a': '1' },
    resources: { pids: { limit: 7 }, memory: { limit: 1 << 24 }, cpu: { shares: 2 } },
    mountLabel: 'x',
  };
  const { configAt, files, shm } = await planGuest(config({ mounts }, linux), folder);
  t.is(shm, folder);
  const text = configAt({ ...ALONE, memoryBytes: 1 << 24 });
  t.deepEqual(files, [
    { name: '0', path: join(folder, 'rootfs'), readOnly: false },
    { name: '1', path: join(folder, 'hosts'), readOnly: true },
    { name: '2', path: join(folder, 'hosts'), readOnly: false },
  ]);
  const guest = JSON.parse(text) as Record<string, unknown>;
  t.deepEqual(guest['process'], { args: ['true'], cwd: '/', terminal: false });
  t.deepEqual(guest['root'], { path: '/run/thaw/files/thaw/0', readonly: true });
  t.deepEqual([guest['hostname'], guest['domainname']], ['box', 'test']);
  t.deepEqual(guest['mounts'], [
    { destination: '/proc', type: 'proc', source: 'proc', options: [] },
    {
      destination: '/etc/hosts',
      type: 'bind',
      source: '/run/thaw/files/thaw/1',
      options: ['bind', 'ro'],
    },
    { destination: '/data', type: 'bind', source: '/run/thaw/files/thaw/2', options: ['rbind'] },
    {
      destination: '/dev/shm',
      type: 'tmpfs',
      source: 'shm',
      options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
    },
  ]);
  t.deepEqual(guest['linux'], {
    sysctl: { 'net.a': '1' },
    maskedPaths: ['/proc/kcore'],
    namespaces: [
      ...['pid', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      { type: 'network', path: '/proc/1/ns/net' },
    ],
    cgroupsPath: '/container',
    resources: {
      devices: [{ allow: false, access: 'rwm' }],
      pids: { limit: 7 },
      memory: { limit: 1 << 24 },
    },
  });
});

test('whole CPUs are its own domain’s, and a quota in another’s', async (t) => {
  const folder = await bundle(t);
  const cpuOf = async (quota: number, isAlone: boolean): Promise<unknown> => {
    const linux = { resources: { cpu: { quota, period: 50_000 } } };
    const { configAt } = await planGuest(config({}, linux), folder);
    const guest = JSON.parse(configAt({ ...ALONE, isAlone })) as {
      linux: { resources: { cpu?: unknown } };
    };
    return guest.linux.resources.cpu;
  };
  t.is(await cpuOf(100_000, true), undefined);
  t.deepEqual(await cpuOf(100_000, false), { quota: 200_000, period: 100_000 });
  t.deepEqual(await cpuOf(25_000, true), { quota: 50_000, period: 100_000 });
});

test('in another’s domain its files come by their own device, and namespaces are the other’s', async (t) => {
  const namespaces = NAMESPACES.map(({ type }) =>
    type === 'pid' || type === 'mount' ? { type } : { type, path: `/proc/9/ns/${type}` },
  );
  const folder = await bundle(t);
  const mounts = [
    { destination: '/data', source: 'link', options: ['rbind'] },
    { destination: '/dev/shm', type: 'bind', source: folder, options: ['rbind', 'nosuid'] },
  ];
  const { configAt } = await planGuest(config({ mounts }, { namespaces }), folder);
  const joined = new Map(['ipc', 'uts', 'network'].map((type) => [type, `/proc/42/ns/${type}`]));
  const text = configAt({
    ...ALONE,
    device: 3,
    cgroup: 'abc',
    isAlone: false,
    memoryBytes: 1 << 20,
    joined,
    shm: '/run/thaw/shm/abc',
  });
  const guest = JSON.parse(text) as {
    root: { path: string };
    mounts: { source: string }[];
    linux: { namespaces: object[]; cgroupsPath: string; resources: { memory: object } };
  };
  t.is(guest.root.path, '/run/thaw/files/thaw-3/0');
  t.is(guest.mounts[0]?.source, '/run/thaw/files/thaw-3/1');
  t.deepEqual(guest.mounts[1], {
    destination: '/dev/shm',
    type: 'bind',
    source: '/run/thaw/shm/abc',
    options: ['rbind', 'nosuid'],
  });
  t.deepEqual(guest.linux.namespaces, [
    { type: 'pid' },
    { type: 'ipc', path: '/proc/42/ns/ipc' },
    { type: 'uts', path: '/proc/42/ns/uts' },
    { type: 'mount' },
    { type: 'network', path: '/proc/1/ns/net' },
  ]);
  t.is(guest.linux.cgroupsPath, '/abc');
  t.deepEqual(guest.linux.resources.memory, { limit: 1 << 20 });
  t.false('hostname' in guest, 'that is the other’s, too');
});

test('a hostname without a namespace of its own is nobody’s', async (t) => {
  const namespaces = NAMESPACES.filter(({ type }) => type !== 'uts');
  const { configAt } = await planGuest(config({}, { namespaces }), await bundle(t));
  const text = configAt(ALONE);
  t.false('hostname' in (JSON.parse(text) as object));
});

test('of hooks the guest has those that run in it', async (t) => {
  const startContainer = [{ path: '/bin/inside', timeout: 3 }];
  const hooks = { startContainer, prestart: [{ path: '/bin/true' }] };
  const { configAt } = await planGuest(config({ hooks }), await bundle(t));
  const text = configAt(ALONE);
  t.deepEqual((JSON.parse(text) as { hooks: unknown }).hooks, { startContainer });
});

for (const [change, linux, message] of [
  [
    {},
    { uidMappings: [{ containerID: 0, hostID: 1, size: 1 }] },
    /^config.json: linux.uidMappings: /,
  ],
  [{}, { devices: [{ path: '/dev/x' }] }, /^config.json: linux.devices\[0\].type: is missing/],
  [
    {},
    { namespaces: [...NAMESPACES, { type: 'mount', path: '/p' }] },
    /linux.namespaces: mount of \/p: /,
  ],
  [{}, { namespaces: [{ type: 'pid' }] }, /linux.namespaces: network is missing/],
  [{ root: { path: 'none' } }, {}, /^config.json: root.path: ENOENT/],
  [{ root: { path: 'hosts' } }, {}, /^config.json: root.path: .* is no folder/],
  [{ mounts: [{ destination: '/x', type: 'ext4' }] }, {}, /^config.json: mounts\[0\].type: "ext4"/],
  [
    { mounts: [{ destination: '/x', type: 'bind', source: '/no' }] },
    {},
    /mounts\[0\].source: ENOENT/,
  ],
  [
    { mounts: [{ destination: '/x', type: 'bind', source: '/dev/null' }] },
    {},
    /means nothing in a guest/,
  ],
  [
    { mounts: [{ destination: '/x', type: 'bind', source: 'hosts', options: ['rshared'] }] },
    {},
    /mounts\[0\].options: shared: /,
  ],
] as const) {
  test(`refused: ${String(message)}`, async (t) => {
    const planned = bundle(t).then((folder) => planGuest(config(change, linux), folder));
    await t.throwsAsync(planned, { code: 'ERR_OCI_CONFIG', message });
  });
}

test('of propagation the last word counts', async (t) => {
  const folder = await bundle(t);
  const one = (...options: string[]) => ({
    destination: '/x',
    type: 'bind',
    source: 'hosts',
    options,
  });
  const mounts = [one('rbind', 'rslave', 'ro'), one('rshared', 'private'), one('slave')];
  const { files } = await planGuest(config({ mounts }), folder);
  const path = join(folder, 'hosts');
  t.deepEqual(files.slice(1), [
    { name: '1', path, readOnly: true },
    { name: '2', path, readOnly: false },
    { name: '3', path, readOnly: false, isSlave: true },
  ]);
});

test('a socket of the host, and more binds than there is room for, are refused', async (t) => {
  const folder = await bundle(t);
  const server = createServer().listen(join(folder, 'sock'));
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const one = (source: string) => ({ destination: '/x', type: 'bind', source });
  await t.throwsAsync(planGuest(config({ mounts: [one('sock')] }), folder), {
    message: /means nothing in a guest/,
  });
  const many = Array.from({ length: 64 }, () => one('hosts'));
  await t.throwsAsync(planGuest(config({ mounts: many }), folder), {
    message: /mounts: they and the root filesystem are 65 of dom0: 64 are allowed/,
  });
});
