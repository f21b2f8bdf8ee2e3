// SPDX-License-Identifier: Apache-2.0
// Containers see host files and volumes over 9pfs: changes are visible on both sides, volumes outlive containers, other files are out of reach.

import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  busybox,
  command,
  debian,
  killThawd,
  list,
  pidsOf,
  run,
  running,
  runWords,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';

/** A host directory that is removed with the test. */
function folder(t: ExecutionContext): string {
  const path = mkdtempSync('/srv/thaw-test-');
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const volumes = async () => (await thaw(['volume', 'ls', '-q'])).stdout.split('\n').filter(Boolean);
const mounts = () =>
  readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' /run/thaw/volumes/'));

/** A container that waits, removed after the test. */
async function standing(t: ExecutionContext, name: string, ...words: string[]): Promise<void> {
  t.teardown(() => thaw(['rm', '--force', name]));
  const image = words.at(-1) === debian ? [] : [busybox];
  const { status, stderr } = await thaw(
    runWords('--detach', '--name', name, ...words, ...image, 'sleep', '600'),
  );
  t.is(status, 0, stderr);
}

const sh = async (name: string, script: string) => {
  const { status, stdout, stderr } = await thaw(['exec', name, 'sh', '-c', script]);
  return `${stdout}${stderr}${status === 0 ? '' : `status ${status}\n`}`;
};

test.serial('a folder of the host is the same inside and outside', async (t) => {
  t.timeout(300_000);
  const path = folder(t);
  writeFileSync(join(path, 'from-host'), 'hello\n');
  const script = [
    'cat /data/from-host',
    'echo inside >/data/from-guest; chown 1000:2000 /data/from-guest; chmod 640 /data/from-guest',
    'mkdir /data/sub; mv /data/from-host /data/sub/moved; ln -s sub/moved /data/link; cat /data/link',
    'echo more >>/data/sub/moved; rm -f /data/none; stat -c "%u %g %a" /data/from-guest',
  ].join('\n');
  const { status, stdout, stderr } = await run([
    '-v',
    `${path}:/data`,
    busybox,
    'sh',
    '-c',
    script,
  ]);
  t.deepEqual([status, stdout, stderr], [0, 'hello\nhello\n1000 2000 640\n', '']);
  t.is(readFileSync(join(path, 'sub/moved'), 'utf8'), 'hello\nmore\n');
  const { uid, gid, mode } = statSync(join(path, 'from-guest'));
  t.deepEqual([uid, gid, mode & 0o7777], [1000, 2000, 0o640]);
});

longOnPv('what one side changes the other sees at once, a file bound alone too', async (t) => {
  t.timeout(300_000);
  const path = folder(t);
  writeFileSync(join(path, 'one'), 'first\n');
  await standing(t, 'both', '-v', `${path}:/data`, '-v', `${join(path, 'one')}:/etc/one:ro`);
  t.is(await sh('both', 'cat /data/one /etc/one'), 'first\nfirst\n');
  writeFileSync(join(path, 'one'), 'second, and longer\n');
  t.is(await sh('both', 'cat /data/one /etc/one'), 'second, and longer\nsecond, and longer\n');
  t.regex(await sh('both', 'echo x >/etc/one'), /Read-only file system/);
  await sh('both', 'mkdir /data/new; echo third >/data/new/file');
  t.is(readFileSync(join(path, 'new/file'), 'utf8'), 'third\n');
});

longOnPv('read-only is enforced by dom0, and no link leads out of what is shared', async (t) => {
  t.timeout(300_000);
  const path = folder(t);
  mkdirSync(join(path, 'a'));
  await command('ln', ['-s', '/etc/hostname', join(path, 'a/absolute')]);
  await command('ln', ['-s', '../../../../etc/hostname', join(path, 'a/relative')]);
  await command('mknod', [join(path, 'a/null'), 'c', '1', '3']);
  const script = [
    'cat /data/a/absolute /data/a/relative',
    'ls /run/thaw 2>&1; touch /data/x 2>&1; mount -o remount,rw /data 2>&1; touch /data/x 2>&1',
    'cat /data/a/null 2>&1; true',
  ].join('\n');
  const { stdout } = await run([
    ...['--cap-add', 'ALL', '--hostname', 'inside', '-v', `${path}:/data:ro`],
    ...[busybox, 'sh', '-c', script],
  ]);
  t.regex(stdout, /^inside\ninside\n/);
  t.regex(stdout, /touch: \/data\/x: Read-only file system/);
  t.deepEqual(readdirSync(path), ['a']);
});

longOnPv(
  'a volume is made when it is wanted, filled from the image, and outlives containers',
  async (t) => {
    t.timeout(300_000);
    t.teardown(() => thaw(['volume', 'rm', '--force', 'etc', 'bare']));
    const words = [
      '-v',
      'etc:/etc',
      '--mount',
      'type=volume,source=bare,target=/etc2,volume-nocopy',
    ];
    const first = await run([
      ...words,
      busybox,
      'sh',
      '-c',
      'cat /etc/passwd; echo mine >/etc/mine',
    ]);
    t.regex(first.stdout, /^root:/);
    const second = await run([
      '-v',
      'etc:/old:ro',
      '-v',
      'bare:/bare',
      busybox,
      'sh',
      '-c',
      'cat /old/mine; ls /bare',
    ]);
    t.deepEqual([second.status, second.stdout], [0, 'mine\n']);
    t.deepEqual(await volumes(), ['bare', 'etc']);
    const { stdout } = await thaw(['volume', 'inspect', '-f', '{{.Mountpoint}}', 'etc']);
    t.is(readFileSync(join(stdout.trim(), 'mine'), 'utf8'), 'mine\n');
    t.is((await thaw(['volume', 'rm', 'etc', 'bare'])).status, 0);
    t.deepEqual(await volumes(), []);
  },
);

once('two containers share a volume, and its locks', async (t) => {
  t.timeout(300_000);
  t.teardown(() => thaw(['volume', 'rm', '--force', 'shared']));
  await standing(t, 'left', '-v', 'shared:/v', debian);
  await standing(t, 'right', '-v', 'shared:/v', debian);
  t.is(await sh('left', 'echo hello >/v/file'), '');
  t.is(await sh('right', 'cat /v/file; rm /v/file'), 'hello\n');
  t.is(await sh('left', 'ls /v'), '');
  const hold = '(flock 9; touch /v/held; sleep 1000) 9</v/lock >/dev/null 2>&1 &';
  t.is(await sh('left', `touch /v/lock; ${hold}`), '');
  await until('it is locked', async () => (await sh('right', 'ls /v')).includes('held'));
  t.is(await sh('right', 'flock -n /v/lock echo got it'), 'status 1\n');
  await thaw(['kill', 'left']);
  await until(
    'the lock is free',
    async () => (await sh('right', 'flock -n /v/lock echo got it')) === 'got it\n',
  );
  const { status, stderr } = await thaw(['volume', 'rm', 'shared']);
  t.is(status, 2);
  t.regex(stderr, /container .*right.* has it/);
});

once('many that write large pieces at once all come to their end', async (t) => {
  t.timeout(900_000);
  const path = folder(t);
  await standing(t, 'writers', '-v', `${path}:/v`, '--memory', '128m');
  // More requests than a ring holds at once: the rest wait for a free slot.
  const writes = [
    'for i in $(seq 12); do dd if=/dev/zero of=/v/$i bs=64k count=40 2>/dev/null & done',
    'wait; echo done',
  ];
  const stop = AbortSignal.timeout(480_000);
  const outcome = await Promise.race([
    sh('writers', writes.join('\n')),
    new Promise<string>((resolve) => stop.addEventListener('abort', () => resolve('they hang'))),
  ]);
  t.is(outcome, 'done\n');
  for (let i = 1; i <= 12; i++) t.is(statSync(join(path, String(i))).size, 40 * 65536);
});

once('a sized volume has that size, and its filesystem is mounted while it is used', async (t) => {
  t.timeout(300_000);
  t.teardown(() => thaw(['volume', 'rm', '--force', 'small']));
  t.is((await thaw(['volume', 'create', '--opt', 'size=20m', 'small'])).status, 0);
  t.deepEqual(mounts(), []);
  const full = await run([
    '-v',
    'small:/v',
    busybox,
    'sh',
    '-c',
    'dd if=/dev/zero of=/v/big bs=1M count=40',
  ]);
  t.regex(full.stderr, /No space left on device/);
  const size = Number(
    (await run(['-v', 'small:/v', busybox, 'stat', '-c', '%s', '/v/big'])).stdout,
  );
  t.true(size > 10 << 20 && size < 20 << 20, String(size));
  await until('it is unmounted', () => mounts().length === 0);
  t.is((await thaw(['volume', 'rm', 'small'])).status, 0);
});

longOnce('files behave as containers expect of a file system', async (t) => {
  t.timeout(900_000);
  t.teardown(() => thaw(['volume', 'rm', '--force', 'posix']));
  const { status, stdout, stderr } = await run([
    ...['--cap-add', 'ALL', '-v', '/mnt/tests/files:/t:ro', '-v', 'posix:/d', '-w', '/d', debian],
    ...['/t/posix-files', '/d', '--files', '500'],
  ]);
  const lines = stdout.trim().split('\n');
  t.deepEqual(
    lines.filter((line) => !line.startsWith('ok ')),
    [],
    stderr,
  );
  t.true(lines.length > 50, stdout);
  t.is(status, 0, stderr);
});

longOnce('a volume without a name goes with its container, if that is wanted', async (t) => {
  t.timeout(300_000);
  t.is((await run(['-v', '/v', busybox, 'touch', '/v/x'])).status, 0);
  await until('it is gone', async () => (await volumes()).length === 0);
  for (const rm of [['rm'], ['rm', '--volumes']]) {
    t.is(
      (await thaw(runWords('--name', 'keeper', '-v', '/v', busybox, 'touch', '/v/x'))).status,
      0,
    );
    t.is((await thaw([...rm, 'keeper'])).status, 0);
    // The first container's volume: rm alone keeps it.
    t.is((await volumes()).length, 1);
  }
  t.is((await thaw(['volume', 'prune', '--force'])).status, 0);
  t.deepEqual(await volumes(), []);
});

longOnce(
  'thawd may be killed meanwhile; the end of the file server is the end of its sandbox',
  async (t) => {
    t.timeout(300_000);
    const path = folder(t);
    await standing(t, 'served', '-v', `${path}:/data`);
    const writer =
      'i=0; while [ $i -lt 300 ]; do echo $i >>/data/out; i=$((i+1)); done; echo done >/data/done';
    t.is((await thaw(['exec', '--detach', 'served', 'sh', '-c', writer])).status, 0);
    await killThawd();
    await startThawd();
    await until('it has written all', () => readdirSync(path).includes('done'));
    t.is(readFileSync(join(path, 'out'), 'utf8').split('\n').length, 301);
    t.is(await sh('served', 'cat /data/done'), 'done\n');
    const { domid } = await running('served');
    const servers = pidsOf(new RegExp(`^thaw-shim --files ${domid}\\b`));
    t.is(servers.length, 1);
    for (const pid of servers) process.kill(pid, 'SIGKILL');
    const lost = await until('it is lost', async () =>
      (await list()).find((c) => c.name === 'served' && c.state === 'lost'),
    );
    t.regex(lost.reason ?? '', /its file server ended/);
    // It starts again with the same files.
    t.is((await thaw(['start', 'served'])).status, 0);
    t.is(await sh('served', 'cat /data/done'), 'done\n');
  },
);

once('a block device is a disk of the guest, and nobody else writes to it meanwhile', async (t) => {
  t.timeout(300_000);
  const path = folder(t);
  const disk = join(path, 'disk');
  await command('truncate', ['-s', '32M', disk]);
  const device = (await command('losetup', ['--find', '--show', disk])).trim();
  t.teardown(() => command('losetup', ['--detach', device]));
  const make = await run(['--device', `${device}:/dev/data`, busybox, 'ls', '-l', '/dev/data']);
  t.regex(make.stdout, /^brw-rw----/, make.stderr);
  await standing(t, 'owner', '--device', `${device}:/dev/data`);
  t.is(await sh('owner', 'echo kept >/dev/data && sync && head -c 4 /dev/data'), 'kept');
  const other = await run(['--device', device, busybox, 'true']);
  t.is(other.status, 125);
  t.regex(other.stderr, /container owner has it/);
  const { status, stderr } = await thaw(['clone', 'owner']);
  t.deepEqual([status, /block device/.test(stderr)], [125, true]);
  await thaw(['rm', '--force', 'owner']);
  t.is(await command('head', ['-c', '4', device]), 'kept');
  await command('mkfs.ext4', ['-q', '-F', device]);
  await command('mkdir', [join(path, 'mnt')]);
  await command('mount', [device, join(path, 'mnt')]);
  try {
    const mounted = await run(['--device', device, busybox, 'true']);
    t.regex(mounted.stderr, /the host has it in use/);
  } finally {
    await command('umount', [join(path, 'mnt')]);
  }
});

longOnPv('a container with files of the host is not copied while it runs', async (t) => {
  t.timeout(300_000);
  await standing(t, 'rooted', '-v', `${folder(t)}:/data`);
  const { status, stderr } = await thaw(['clone', 'rooted']);
  t.is(status, 125);
  t.regex(stderr, /\/data|volume/);
  t.is(await sh('rooted', 'echo goes on'), 'goes on\n');
});

once('what cannot be mounted is refused before anything is made', async (t) => {
  t.timeout(300_000);
  const cases: [string[], number, RegExp][] = [
    [['-v', '/no/such/path:/x'], 125, /Cannot mount \/no\/such\/path: .*no such file/i],
    [['-v', '/dev/null:/x'], 125, /Cannot mount \/dev\/null: a folder or an ordinary file/],
    [['-v', '/srv:/x', '--tmpfs', '/x'], 125, /two things at \/x/],
    [['-v', '/srv:relative'], 2, /absolute path/],
    [['-v', '/srv:/x:shared'], 2, /shared is not allowed/],
    [['--mount', 'type=nfs,source=a,target=/x'], 2, /bind, volume and tmpfs/],
    [['--mount', 'type=bind,target=/x'], 2, /a bind has a source/],
  ];
  for (const [words, expected, text] of cases) {
    const { status, stderr } = await run([...words, busybox, 'true']);
    t.is(status, expected, words.join(' '));
    t.regex(stderr, text);
  }
  t.deepEqual(await volumes(), []);
  t.false((await list()).some(({ state }) => state === 'creating'));
});
