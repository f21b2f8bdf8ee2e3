// SPDX-License-Identifier: Apache-2.0
import test, { type ExecutionContext } from 'ava';
import { chown, link, lstat, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasFilter } from '../../../../toolstack/image/tool-walls.js';
import { prepare, takeOver } from '../../../../toolstack/image/transports/skopeo-start.js';

async function folder(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-skopeo-'));
  t.teardown(() => rm(dir, { recursive: true }));
  return dir;
}

test('skopeo has a uid of its own, except where an engine or a file needs root', async (t) => {
  const tmpDir = await folder(t);
  for (const transport of ['docker', 'oci', 'docker-archive', 'dir'] as const) {
    const { own = '' } = await prepare({ transport, from: [] }, { tmpDir });
    const { uid, mode } = await stat(own);
    t.true(uid > 2_000_000_000, transport);
    t.is(mode & 0o777, 0o700, transport);
  }
  // Only the filter lets a user other than root unpack one.
  const archive = await prepare({ transport: 'oci-archive', from: [] }, { tmpDir });
  t.is(archive.own !== undefined, await hasFilter('copier'));
  const saved = await prepare({ transport: 'oci', from: [], makes: '/tmp/none' }, { tmpDir });
  t.is((await stat(saved.own ?? '')).uid, 0);
  for (const transport of ['containers-storage', 'docker-daemon'] as const)
    t.is((await prepare({ transport, from: [] }, { tmpDir })).own, undefined, transport);
});

test('skopeo asks helpers for logins as root, and for a registry alone', async (t) => {
  const tmpDir = await folder(t);
  const authFile = join(tmpDir, 'auth.json');
  const isWalled = async (text: string, transport: 'docker' | 'dir' = 'docker') => {
    await writeFile(authFile, text);
    return (await prepare({ transport, from: [] }, { tmpDir, authFile })).own !== undefined;
  };
  t.true(await isWalled('{"auths": {"a.example": {"auth": "eDp5"}}}'));
  t.false(await isWalled('{"credHelpers": {"a.example": "secretservice"}}'));
  t.false(await isWalled('{\n  "credsStore": "pass"\n}'));
  t.true(await isWalled('{"credsStore": "pass"}', 'dir'));
});

test('what skopeo made is root’s afterwards, and has no links', async (t) => {
  const dir = await folder(t);
  const [made, taken, secret] = ['made', 'taken', 'secret'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(secret, 'secret');
  await mkdir(made);
  await writeFile(join(made, 'blob'), 'blob');
  for (const path of [made, join(made, 'blob')]) await chown(path, 7777, 7777);
  for (const make of [symlink, link]) {
    await make(secret, join(made, 'manifest.json'));
    await t.throwsAsync(takeOver(made, taken), {
      code: 'ERR_IMAGE_CORRUPT',
      message: /manifest\.json/,
    });
    await rm(join(made, 'manifest.json'));
  }
  await mkdir(join(made, 'sub'));
  await t.throwsAsync(takeOver(made, taken), { code: 'ERR_IMAGE_CORRUPT' });
  await rm(join(made, 'sub'), { recursive: true });
  await takeOver(made, taken);
  for (const path of [taken, join(taken, 'blob')]) {
    const { uid, gid, mode } = await lstat(path);
    t.deepEqual([uid, gid, mode & 0o077], [0, 0, 0], path);
  }
});
