// SPDX-License-Identifier: Apache-2.0
// The initrd's archive depends on its manifest and files alone, and cpio reads it.
import { spawnSync } from 'node:child_process';
import { utimesSync } from 'node:fs';
import path from 'node:path';
import test from 'ava';
import { files, kernels, run } from '../support.js';

const manifest = [
  'dir  /dev 0755            # a reason',
  'node /dev/console 0600 c 5 1',
  'file /init 0755 agent',
  'dir  /tmp 1777',
  '',
].join('\n');

const pack = (...args: string[]) => run('initrd/pack.mjs', ...args);
const cpio = (archive: Buffer) =>
  spawnSync('cpio', ['-itvn', '--quiet'], {
    input: archive,
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  });

test('packs what cpio lists: types, modes, owner, device numbers, sizes and times', (t) => {
  const at = files(t, { manifest, agent: 'hello' });
  const outcome = pack(at('manifest'), `agent=${at('agent')}`);
  t.is(outcome.stderr, '');
  const listing = cpio(outcome.stdout);
  t.is(listing.status, 0);
  t.deepEqual(
    listing.stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => line.replace(/\s+/g, ' ')),
    [
      'drwxr-xr-x 2 0 0 0 Jan 1 1970 dev',
      'crw------- 1 0 0 5, 1 Jan 1 1970 dev/console',
      '-rwxr-xr-x 1 0 0 5 Jan 1 1970 init',
      'drwxrwxrwt 2 0 0 0 Jan 1 1970 tmp',
    ],
  );
});

test('gives the same bytes for files of another folder, name and time', (t) => {
  const one = files(t, { manifest, agent: 'hello' });
  const two = files(t, { other: manifest, 'agent.built': 'hello' });
  utimesSync(two('agent.built'), 1, 1);
  const first = pack(one('manifest'), `agent=${one('agent')}`);
  const second = pack(two('other'), `agent=${two('agent.built')}`);
  t.is(first.status, 0);
  t.true(first.stdout.equals(second.stdout));
  const changed = files(t, { agent: 'hallo' });
  t.false(pack(one('manifest'), `agent=${changed('agent')}`).stdout.equals(first.stdout));
});

test('refuses a source that was not given, and prints no archive', (t) => {
  const at = files(t, { manifest });
  const outcome = pack(at('manifest'));
  t.is(outcome.status, 1);
  t.is(outcome.stdout.length, 0);
  t.regex(outcome.stderr, /\/init: no source named agent/);
});

for (const [why, line] of [
  ['an unknown type', 'link /a 0777'],
  ['a missing word', 'file /a 0755'],
  ['a relative path', 'dir dev 0755'],
  ['a mode that is not four octal digits', 'dir /dev 755'],
  ['an entry before its folder', 'file /bin/crun 0755 agent'],
  ['a folder that comes twice', 'dir /tmp 0755\ndir /tmp 0755'],
  ['a file that comes twice', 'file /a 0755 agent\nfile /a 0755 agent'],
  ['a device number that is no number', 'node /a 0600 c five 1'],
] as const) {
  test(`refuses ${why}`, (t) => {
    const at = files(t, { manifest: `${line}\n`, agent: '' });
    const outcome = pack(at('manifest'), `agent=${at('agent')}`);
    t.is(outcome.status, 1);
    t.regex(outcome.stderr, /^pack\.mjs: Cannot read the manifest, line \d+: /);
  });
}

test('the manifest of this tree packs with a /init and a /bin/crun', (t) => {
  const at = files(t, { agent: 'a', crun: 'c' });
  const outcome = pack(
    path.join(kernels, 'initrd/manifest'),
    `agent=${at('agent')}`,
    `crun=${at('crun')}`,
  );
  t.is(outcome.stderr, '');
  t.regex(cpio(outcome.stdout).stdout.toString(), / init\n[^]* bin\/crun\n/);
});
