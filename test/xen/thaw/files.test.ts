// SPDX-License-Identifier: Apache-2.0
// Copies files into and out of running and stopped containers. Files of a hostile container stay below the target.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { busybox, debian, list, runWords, sha256, thaw, until } from '../../support/dom0/thaw.js';
import { long, longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';

const folder = mkdtempSync(join(tmpdir(), 'thaw-cp-'));
const at = (name: string) => join(folder, name);

test.before(() => {
  mkdirSync(at('tree/sub'), { recursive: true });
  writeFileSync(at('tree/sub/file'), 'from the host\n');
  symlinkSync('sub/file', at('tree/link'));
  writeFileSync(at('single'), 'single\n');
  execFileSync('sh', ['-c', `yes 0123456789abcdef | head -c 30000000 > ${at('big')}`]);
});

test.after.always(() => rmSync(folder, { recursive: true, force: true }));

async function good(...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await thaw(words, { cwd: folder });
  if (status !== 0) throw new Error(`thaw ${words.join(' ')}: ${status}: ${stderr}`);
  return stdout;
}

async function start(name: string, image: string, script: string, ...options: string[]) {
  await good(
    ...runWords(
      '-d',
      '--name',
      name,
      ...options,
      image,
      'sh',
      '-c',
      `${script}; touch /ready 2>/dev/null || touch /w/ready; sleep 1000`,
    ),
  );
  await until(
    `${name} is ready`,
    async () => (await thaw(['exec', name, 'sh', '-c', 'ls /ready || ls /w/ready'])).status === 0,
  );
}

const inside = async (name: string, script: string) =>
  (await thaw(['exec', name, 'sh', '-c', script])).stdout;

longOnPv('both ways while it runs: files, folders, links, a big file, streams', async (t) => {
  t.timeout(600_000);
  await start(
    'files',
    debian,
    'mkdir -p /data/d; echo in > /data/d/f; ln -s d/f /data/l; ln -s /data /to',
  );
  await good('cp', 'single', 'files:/data');
  await good('cp', 'tree', 'files:/data');
  await good('cp', 'tree/.', 'files:/data/contents');
  await good('cp', 'big', 'files:/big');
  t.is(
    await inside(
      'files',
      'cat /data/single /data/tree/sub/file /data/contents/link; readlink /data/tree/link; sha256sum < /big',
    ),
    `single\nfrom the host\nfrom the host\nsub/file\n${sha256(readFileSync(at('big')))}  -\n`,
  );
  await good('cp', 'files:/data/d/f', '.');
  await good('cp', 'files:data', 'out');
  await good('cp', 'files:/to/.', 'contents');
  await good('cp', 'files:/big', 'big2');
  t.is(readFileSync(at('f'), 'utf8'), 'in\n');
  t.is(readFileSync(at('out/d/f'), 'utf8'), 'in\n');
  t.true(lstatSync(at('out/l')).isSymbolicLink());
  t.is(readFileSync(at('contents/d/f'), 'utf8'), 'in\n');
  t.is(sha256(readFileSync(at('big2'))), sha256(readFileSync(at('big'))));
  const [words] = [
    `thaw cp files:/data - | tar -t | sort; tar -C tree -c sub | thaw cp - files:/tmp`,
  ];
  t.regex(
    execFileSync('sh', ['-c', words ?? ''], { cwd: folder }).toString(),
    /^data\/\ndata\/contents\//,
  );
  t.is(await inside('files', 'cat /tmp/sub/file'), 'from the host\n');
  // The copy sees mounts in the container, and can write to mounted files.
  await good('cp', 'single', 'files:/dev/shm/x');
  t.is(await inside('files', 'cat /dev/shm/x'), 'single\n');
  await good('cp', 'single', 'files:/etc/hosts');
  t.is(await inside('files', 'cat /etc/hosts'), 'single\n');
});

longOnPv('what does not go is 125 with one line, and changes nothing', async (t) => {
  t.timeout(300_000);
  const bad: [string[], RegExp][] = [
    [['cp', 'files:/nowhere', '.'], /Cannot find \/nowhere: No such file/],
    [['cp', 'nowhere', 'files:/tmp'], /Cannot read .*nowhere/],
    [['cp', 'single', 'files:/nowhere/'], /Cannot find the folder/],
    [['cp', 'tree', 'files:/data/d/f'], /it is a file/],
    [['cp', 'files:/data', 'single'], /it is a file/],
    [['cp', 'single', 'nobody:/'], /nobody/],
    [['cp', 'files:/data/d/f', 'no/such'], /Cannot find the folder/],
  ];
  for (const [words, why] of bad) {
    const { status, stderr } = await thaw(words, { cwd: folder });
    t.is(status, 125, words.join(' '));
    t.regex(stderr, why);
    t.is(stderr.trim().split('\n').length, 1, stderr);
  }
});

test.serial(
  "owners are the container's user's, or with --archive=false the source's",
  async (t) => {
    t.timeout(300_000);
    await start('user', busybox, 'true', '-u', '1000:100', '--tmpfs', '/w');
    execFileSync('chown', ['12:34', at('single')]);
    await good('cp', 'single', 'user:/w/a');
    await good('cp', '--archive=false', 'single', 'user:/w/b');
    t.is(await inside('user', 'stat -c "%u:%g" /w/a /w/b'), '1000:100\n12:34\n');
    await good('rm', '--force', 'user');
  },
);

long('export has what the container has, its mounts left out', async (t) => {
  t.timeout(300_000);
  await good('export', '-o', 'export.tar', 'files');
  const paths = execFileSync('tar', ['-tf', at('export.tar')])
    .toString()
    .split('\n');
  t.true(paths.includes('./data/d/f'));
  t.true(paths.includes('./etc/passwd'));
  t.deepEqual(
    paths.filter((path) => path.startsWith('./proc/')),
    ['./proc/'],
  );
  const count = Number(await inside('files', 'find / -xdev ! -type s | wc -l'));
  t.true(
    Math.abs(paths.length - count) < 20,
    `${paths.length} in the archive, ${count} seen inside`,
  );
  const piped = execFileSync('sh', ['-c', 'thaw export files | tar -tf - | wc -l'], {
    cwd: folder,
  });
  t.true(Math.abs(Number(piped) - paths.length) < 5);
});

longOnce('a stopped container, and one that never ran, as if it ran', async (t) => {
  t.timeout(600_000);
  await good('stop', '--time', '1', 'files');
  await good('cp', 'tree', 'files:/stopped');
  await good('cp', 'files:/stopped/sub/file', 'again');
  t.is(readFileSync(at('again'), 'utf8'), 'from the host\n');
  t.regex(await good('diff', 'files'), /^A \/stopped$/m);
  const [one, two] = await Promise.all([good('cp', 'files:/data', 'p1'), good('diff', 'files')]);
  t.is(one, '');
  t.regex(two, /^A \/data$/m);
  t.is((await list()).find(({ name }) => name === 'files')?.state, 'exited');
  await good('start', 'files');
  t.is(await inside('files', 'cat /stopped/sub/file'), 'from the host\n');
  await good('create', '--name', 'fresh', '--memory', '64m', busybox, 'cat', '/given');
  await good('cp', 'single', 'fresh:/given');
  t.is(await good('start', '--attach', 'fresh'), 'single\n');
  await good('rm', 'fresh');
  const { status, stdout } = await thaw(
    runWords('--rm', '-d', '--name', 'brief', busybox, 'sleep', '1000'),
  );
  t.is(status, 0, stdout);
  await good('cp', 'single', 'brief:/given');
  t.regex(await good('diff', 'brief'), /^A \/given$/m);
  await good('rm', '--force', 'brief');
});

once('diff says what was added, changed and deleted', async (t) => {
  t.timeout(300_000);
  await start(
    'changed',
    debian,
    'rm -r /usr/share/doc; echo x >> /etc/passwd; mkdir /new; touch /new/file',
  );
  const lines = (await good('diff', 'changed')).trim().split('\n');
  for (const line of [
    'A /new',
    'A /new/file',
    'C /etc',
    'C /etc/passwd',
    'C /usr/share',
    'D /usr/share/doc',
    'A /ready',
  ])
    t.true(lines.includes(line), `${line} in ${lines.join(', ')}`);
  t.deepEqual(
    lines,
    [...lines].sort((a, b) => (a.slice(2) < b.slice(2) ? -1 : 1)),
  );
  const json = JSON.parse(await good('diff', '--format', 'json', 'changed')) as Record<
    string,
    string[]
  >;
  t.true(json['deleted']?.includes('/usr/share/doc'));
  await good('rm', '--force', 'changed');
});

once('an image of a container runs with what it wrote, and without what it deleted', async (t) => {
  t.timeout(600_000);
  await start(
    'base',
    debian,
    'rm -r /usr/share/doc; mkdir /new; echo kept > /new/file',
    '-e',
    'A=1',
  );
  const words = [
    '-c',
    'CMD ["cat", "/new/file"]',
    '-c',
    'ENV B=2',
    '-m',
    'why',
    'base',
    'thaw/made:1',
  ];
  const id = (await good('commit', ...words)).trim();
  t.regex(id, /^[0-9a-f]{64}$/);
  t.is(await good(...runWords('--rm', 'thaw/made:1')), 'kept\n');
  const script = 'echo $A$B; ls /usr/share/doc 2>/dev/null | wc -l; ls /etc/passwd';
  t.is(await good(...runWords('--rm', 'thaw/made:1', 'sh', '-c', script)), '12\n0\n/etc/passwd\n');
  await good('stop', '--time', '1', 'base');
  const unnamed = (await good('commit', 'base')).trim();
  t.is(await good(...runWords('--rm', unnamed, 'cat', '/new/file')), 'kept\n');
  await good('rm', 'base');
  await good('rmi', '--force', 'thaw/made:1', unnamed);
});

once('a full disk is an error of the copy, and nothing else', async (t) => {
  t.timeout(300_000);
  await start('tight', busybox, 'true', '--storage-opt', 'size=32m');
  const { status, stderr } = await thaw(['cp', at('big'), 'tight:/big']);
  t.is(status, 125);
  t.regex(stderr, /No space left on device/);
  t.is(await inside('tight', 'rm /big; echo fine > /x; cat /x'), 'fine\n');
  await good('rm', '--force', 'tight');
});

longOnPv('nothing is left of it', async (t) => {
  await good('rm', '--force', 'files');
  t.regex(execFileSync('xl', ['list']).toString(), /^(?!.*thaw-files)/s);
});
