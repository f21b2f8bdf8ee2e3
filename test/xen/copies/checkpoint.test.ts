// SPDX-License-Identifier: Apache-2.0
// Checkpoints running containers to files. A restored container continues; a file that is incomplete or from another host is refused.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import {
  busybox,
  command,
  debian,
  killThawd,
  list,
  runWords,
  startThaw,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { long, longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';

const FOLDER = '/root/checkpoints';
const FILE = `${FOLDER}/web.ckpt`;

/** Counts until it is stopped, a number each 200 ms beside a secret in its memory. Reads its own files back at the end. */
const COUNTER = [
  ...['perl', '-e'],
  '$|=1; $s=int(rand(1e9)); until (-e "/tmp/stop") { print ++$i, " $s\n"; select(undef,undef,undef,0.2) } ' +
    'open(F, "/kept"); print STDERR "kept ", <F>; exit 7',
];
/** Prints its identity whenever that changes. */
const WHO =
  'echo mine > /mine; me=; while :; do now=$(cat /etc/machine-id); [ "$now" = "$me" ] || { me=$now; echo "up $(cat /mine)"; }; sleep 1; done';

async function logOf(name: string): Promise<string[]> {
  return (await thaw(['logs', name])).stdout.split('\n').filter((line) => line !== '');
}

async function untilCounts(name: string): Promise<void> {
  const before = (await logOf(name)).length;
  await until(`${name} counts`, async () => (await logOf(name)).length > before + 5);
}

async function stateOf(name: string): Promise<string | undefined> {
  return (await list()).find((one) => one.name === name)?.state;
}

async function startWho(name: string, ...options: string[]): Promise<void> {
  await thaw(runWords('-d', '--name', name, ...options, busybox, 'sh', '-c', WHO));
  await until(`${name} is up`, async () => (await logOf(name)).length > 0);
}

/** Checks a failure: one line, status 125. */
async function isRefused(t: ExecutionContext, words: string[], message: RegExp): Promise<void> {
  const { status, stdout, stderr } = await thaw(words);
  t.deepEqual([status, stdout], [125, ''], stderr);
  t.regex(stderr, /^thaw: [^\n]+\n$/);
  t.regex(stderr, message);
}

const numbers = (lines: string[]): number[] => lines.map((line) => Number(line.split(' ')[0]));

test.serial.beforeEach(async () => {
  await mkdir(FOLDER, { recursive: true });
});

test.serial.afterEach.always(async () => {
  for (const { name } of await list()) await thaw(['rm', '--force', name]);
  rmSync(FOLDER, { recursive: true, force: true });
});

test.serial(
  'a container goes on from its file with memory and files; the one that it was has ended',
  async (t) => {
    t.timeout(600_000);
    const started = await thaw(runWords('-d', '--name', 'web', debian, ...COUNTER));
    t.is(started.status, 0, started.stderr);
    await untilCounts('web');
    t.is((await thaw(['exec', 'web', 'sh', '-c', 'echo data > /kept'])).status, 0);
    const written = await thaw(['checkpoint', '--export', 'web.ckpt', 'web'], { cwd: FOLDER });
    t.deepEqual([written.status, written.stdout], [0, 'web\n'], written.stderr);
    const one = (await list()).find(({ name }) => name === 'web');
    t.like(one, { state: 'exited', exitStatus: 0 });
    t.deepEqual(readdirSync(FOLDER), ['web.ckpt']);
    t.is(statSync(FILE).mode & 0o777, 0o600);
    const before = await logOf('web');
    const last = numbers(before).at(-1) ?? 0;
    await isRefused(t, ['restore', '--import', FILE], /Cannot use the name "web"/);

    const restored = await thaw(['restore', '--import', FILE, '--name', 'again']);
    t.is(restored.status, 0, restored.stderr);
    t.regex(restored.stdout, /^[0-9a-f]{64}\n$/);
    await untilCounts('again');
    const [from = 0] = numbers(await logOf('again'));
    // The pipe's contents at the checkpoint belonged to the original container.
    t.true(from > last && from < last + 200, `from ${from} after ${last}`);
    t.is((await thaw(['exec', 'again', 'cat', '/kept'])).stdout, 'data\n');
    t.is((await thaw(['exec', 'again', 'touch', '/tmp/stop'])).status, 0);
    await until('it has ended', async () => (await stateOf('again')) === 'exited');
    const own = await logOf('again');
    t.deepEqual(
      numbers(own),
      own.map((_, i) => from + i),
    );
    const secrets = new Set([...before, ...own].map((line) => line.split(' ')[1]));
    t.is(secrets.size, 1);
    t.is((await thaw(['logs', 'again'])).stderr, 'kept data\n');

    // The original's disk is whole; it starts anew.
    t.is((await thaw(['start', 'web'])).status, 0);
    t.is((await thaw(['exec', 'web', 'cat', '/kept'])).stdout, 'data\n');
    await thaw(['rm', '--force', 'web']);
    // Its name is free, so restores may use the original name, any number of times.
    t.is((await thaw(['restore', '--import', FILE])).status, 0);
    await untilCounts('web');
    t.is(numbers(await logOf('web'))[0], from);
  },
);

long(
  'left running it goes on; what is restored is somebody of its own, small images in memory too',
  async (t) => {
    t.timeout(600_000);
    await startWho('web', '--rm');
    const written = await thaw(['checkpoint', '-e', FILE, '-R', 'web']);
    t.is(written.status, 0, written.stderr);
    t.is(await stateOf('web'), 'running');
    t.is((await thaw(['exec', 'web', 'cat', '/mine'])).stdout, 'mine\n');
    for (const name of ['a', 'b']) {
      const { status, stderr } = await thaw(['restore', '-i', FILE, '-n', name]);
      t.is(status, 0, stderr);
      await until(`${name} is up`, async () => (await logOf(name)).join() === 'up mine');
    }
    const ask =
      'hostname; cat /etc/machine-id /sys/class/net/eth0/address; head -c 16 /dev/urandom | md5sum';
    const answers = [];
    for (const name of ['web', 'a', 'b']) {
      const { stdout, stderr } = await thaw(['exec', name, 'sh', '-c', ask]);
      answers.push(stdout.trim().split('\n'));
      t.is(answers.at(-1)?.length, 4, stderr);
    }
    for (const line of [0, 1, 2, 3])
      t.is(new Set(answers.map((answer) => answer[line])).size, 3, `line ${line}`);
    t.true((await command('xl', ['list'])).includes('a '));
  },
);

/** Returns the file with its header changed and both checksums corrected. */
function withHeader(file: Buffer, change: (header: Record<string, unknown>) => void): Buffer {
  const length = file.readUInt32LE(20);
  const header = JSON.parse(file.toString('utf8', 56, 56 + length)) as Record<string, unknown>;
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const prefix = Buffer.from(file.subarray(0, 56));
  prefix.writeUInt32LE(text.length, 20);
  createHash('sha256').update(text).digest().copy(prefix, 24);
  const body = Buffer.concat([prefix, text, file.subarray(56 + length, file.length - 32)]);
  return Buffer.concat([body, createHash('sha256').update(body).digest()]);
}

longOnce('a file that is not whole, or of another host, leaves nothing', async (t) => {
  t.timeout(600_000);
  await startWho('web');
  t.is((await thaw(['checkpoint', '-e', FILE, 'web'])).status, 0);
  const whole = readFileSync(FILE);
  const flipped = (at: number): Buffer => {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8(bytes.readUInt8(at) ^ 4, at);
    return bytes;
  };
  const cases: [string, Buffer, RegExp][] = [
    ['garbage', Buffer.alloc(100_000, 'garbage'), /it is no checkpoint/],
    ['empty', Buffer.alloc(0), /it is no checkpoint/],
    ['half', whole.subarray(0, whole.length / 2), /damaged: it ends too early/],
    ['cut', whole.subarray(0, whole.length - 1), /damaged: it ends too early/],
    ['longer', Buffer.concat([whole, Buffer.from('x')]), /there is more behind its end/],
    ['header', flipped(100), /damaged: its checksum is wrong/],
    ['memory', flipped(Math.floor(whole.length / 2)), /damaged/],
    ['digest', flipped(whole.length - 5), /damaged: its checksum is wrong/],
    [
      'guest',
      withHeader(whole, (header) =>
        Object.assign(header['host'] as object, { guest: '0'.repeat(64) }),
      ),
      /on this host: thaw's guest kernel or initrd is another/,
    ],
    [
      'xen',
      withHeader(whole, (header) => Object.assign(header['host'] as object, { xen: '4.99' })),
      /on this host: Xen was 4\.99 and is 4\.20/,
    ],
    [
      'image',
      withHeader(whole, (header) =>
        Object.assign(header['container'] as object, { imageId: `sha256:${'0'.repeat(64)}` }),
      ),
      /its image 000000000000 is not here; get it with thaw pull/,
    ],
    [
      // An attacker can compute checksums too.
      'kind',
      withHeader(whole, (header) => {
        const { shape } = header['domain'] as { shape: { type: string } };
        shape.type = shape.type === 'pv' ? 'pvh' : 'pv';
      }),
      /./,
    ],
  ];
  for (const [name, bytes, message] of cases) {
    writeFileSync(`${FOLDER}/${name}`, bytes);
    await isRefused(t, ['restore', '-i', `${FOLDER}/${name}`, '-n', name], message);
  }
  await isRefused(t, ['restore', '-i', FOLDER], /no ordinary file/);
  await isRefused(t, ['restore', '-i', `${FOLDER}/none`], /ENOENT|no such file/);
  const left = readdirSync('/var/lib/thaw/containers');
  t.deepEqual(
    left,
    (await list()).map(({ id }) => id),
  );
  const domains = await command('xl', ['list']);
  for (const [name] of cases) t.false(domains.includes(name), name);
});

once('what fails, or is cancelled, leaves the container running and no file', async (t) => {
  t.timeout(600_000);
  await startWho('web');
  await isRefused(t, ['checkpoint', '-e', '/nowhere/x', 'web'], /its folder is not there/);
  await isRefused(t, ['checkpoint', '-e', FOLDER, 'web'], /no ordinary file/);
  const small = `${FOLDER}/small`;
  await mkdir(small);
  await command('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', small]);
  try {
    await isRefused(t, ['checkpoint', '-e', `${small}/x`, 'web'], /has .* free; make room/);
    t.deepEqual(readdirSync(small), []);
  } finally {
    await command('umount', [small]);
  }
  const { child, done } = startThaw(['checkpoint', '-e', FILE, 'web']);
  await until('it writes', () => readdirSync(FOLDER).some((name) => name.startsWith('.web.ckpt')));
  child.kill('SIGINT');
  t.not((await done).status, 0);
  await until('nothing of it is left', () => readdirSync(FOLDER).join() === 'small');
  await until('it goes on', async () => (await thaw(['exec', 'web', 'true'])).status === 0);
  t.is(await stateOf('web'), 'running');
  // The file can then be written.
  t.is((await thaw(['checkpoint', '-e', FILE, 'web'])).status, 0);
  await isRefused(t, ['checkpoint', '-e', FILE, 'web'], /"web": it is exited/);
});

longOnce('one that is being written when thawd is killed goes on', async (t) => {
  t.timeout(600_000);
  await startWho('web');
  startThaw(['checkpoint', '-e', FILE, 'web']);
  await until('it writes', () => readdirSync(FOLDER).some((name) => name.startsWith('.web.ckpt')));
  await killThawd();
  await startThawd();
  t.is((await thaw(['exec', 'web', 'cat', '/mine'])).stdout, 'mine\n');
  t.false(existsSync(FILE));
});

once('what no copy can go on with is refused as for a clone', async (t) => {
  await startWho('web', '-v', 'data:/data');
  await isRefused(
    t,
    ['checkpoint', '-e', FILE, 'web'],
    /Cannot checkpoint container "web": .*mounted.*; a copy would write to it as well/,
  );
  await thaw(['rm', '--force', 'web']);
  t.is((await thaw(['volume', 'rm', 'data'])).status, 0);
});
