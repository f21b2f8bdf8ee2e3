// SPDX-License-Identifier: Apache-2.0
// Unsupported settings of a config.json are refused by name before any resource is created.
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { checkConfig, readConfig } from '../../../../../toolstack/frontends/oci/config/config.js';

const LEAST = {
  ociVersion: '1.2.0',
  process: { args: ['true'], cwd: '/' },
  root: { path: 'rootfs' },
};

async function bundle(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-bundle-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('the least there may be, and what it comes to', (t) => {
  t.like(checkConfig(LEAST), {
    root: { path: 'rootfs', readonly: false },
    mounts: [],
    hostname: '',
    annotations: {},
    namespaces: [],
    cgroupsPath: '',
    process: { args: ['true'], cwd: '/', terminal: false },
  });
});

for (const [change, message] of [
  [{ ociVersion: undefined }, 'config.json: ociVersion: is missing'],
  [{ ociVersion: '2.0.0' }, 'config.json: ociVersion: one of 1.x is wanted'],
  [{ process: undefined }, 'config.json: process: is missing'],
  [{ process: { args: [], cwd: '/' } }, 'config.json: process.args: a program is wanted'],
  [{ process: { args: [1], cwd: '/' } }, 'config.json: process.args[0]: a text is wanted'],
  [{ process: { args: 'sh', cwd: '/' } }, 'config.json: process.args: a list is wanted'],
  [{ process: { args: ['a'], cwd: 'x' } }, 'config.json: process.cwd: "x" is no absolute path'],
  [{ root: [] }, 'config.json: root: an object is wanted'],
  [{ root: { path: 'a\0b' } }, 'config.json: root.path: a text is wanted'],
  [{ mounts: {} }, 'config.json: mounts: a list is wanted'],
  [
    { mounts: [{ destination: 'x' }] },
    'config.json: mounts[0].destination: "x" is no absolute path',
  ],
  [
    { mounts: [{ destination: '/x', options: [3] }] },
    'config.json: mounts[0].options[0]: a text is wanted',
  ],
  [{ annotations: { a: 1 } }, 'config.json: annotations.a: a text is wanted'],
  [{ linux: { namespaces: [{}] } }, 'config.json: linux.namespaces[0].type: is missing'],
  [
    { linux: { namespaces: [{ type: 'pid', path: 'x' }] } },
    'config.json: linux.namespaces[0].path: "x" is no absolute path',
  ],
] as const) {
  test(`refused: ${message}`, (t) => {
    t.throws(() => checkConfig({ ...LEAST, ...change }), { code: 'ERR_OCI_CONFIG', message });
  });
}

test('what is not there, no JSON, and what is huge', async (t) => {
  const folder = await bundle(t);
  const path = join(folder, 'config.json');
  await t.throwsAsync(readConfig(folder), { code: 'ERR_OCI_CONFIG', message: /ENOENT/ });
  await writeFile(path, '{"ociVersion":');
  await t.throwsAsync(readConfig(folder), {
    code: 'ERR_OCI_CONFIG',
    message: /^Cannot read .*JSON/,
  });
  await writeFile(path, '[]');
  await t.throwsAsync(readConfig(folder), {
    message: 'config.json: the file: an object is wanted',
  });
  await truncate(path, 5_000_000);
  await t.throwsAsync(readConfig(folder), { message: /has 5000000 bytes: 4194304 are allowed/ });
});
