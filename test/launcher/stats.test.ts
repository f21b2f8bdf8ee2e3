// SPDX-License-Identifier: Apache-2.0
// A stand-in mounts the guest's stats over its cgroup's files for all readers, and restores dom0's own files afterwards.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { FakeProcess } from '../support/agent/fake-process.js';
import { called, ended, FED, left, wish, type Called } from '../support/shim/stand-in.js';
import { until } from '../support/within.js';

const STATS = 128;
const NAMES = ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current', 'memory.max'];
const STAT = Array.from({ length: 200 }, (_, i) => `field_${i} ${i}\n`).join('');
const SAID = ['usage_usec 17\nuser_usec 9\n', '4096\n', STAT, '3\n', '67108864\n'];

interface Shown {
  all: Called;
  folder: string;
  pid: number;
  inside: FakeProcess;
}

/** A folder in the layout of a cgroup, whose files say that they are dom0's. */
function makeFolder(t: ExecutionContext, { sandbox }: Called): string {
  const folder = join(sandbox.dir, 'cgroup');
  mkdirSync(folder);
  for (const name of [...NAMES, 'cgroup.procs', 'memory.events'])
    writeFileSync(join(folder, name), 'dom0\n');
  t.teardown(() => {
    for (const name of NAMES) spawnSync('umount', ['-l', join(folder, name)]);
  });
  return folder;
}

async function shown(t: ExecutionContext, stats: string[] | undefined): Promise<Shown> {
  const all = await called(t);
  const folder = makeFolder(t, all);
  const pid = await left(all, FED | STATS, { cgroup: join(folder, 'cgroup.procs') });
  const inside = all.sandbox.agent.begin(1, true);
  inside.stats = stats;
  await until('the shim has heard of it', async () => {
    const { processes } = await all.sandbox.status();
    return processes[0]?.hasBegun === true;
  });
  return { all, folder, pid, inside };
}

const mounts = (folder: string): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(` ${folder}/`));

/** Returns the file's text after the guest's answer. On a busy machine the answer may exceed the reader's time limit, which gives EIO. */
async function told(folder: string, name: string): Promise<string> {
  let said: string | undefined;
  await until(`${name} has stats`, async () => {
    said = await readFile(join(folder, name), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EIO') throw error;
      return undefined;
    });
    return said !== undefined;
  });
  return String(said);
}

const isOwn = (folder: string): boolean =>
  NAMES.every((name) => readFileSync(join(folder, name), 'utf8') === 'dom0\n');

test('who reads them is told what the guest says, asked once for what is read together', async (t) => {
  const { all, folder, inside } = await shown(t, SAID);
  // On a busy machine concurrent readers may run one by one, so the best of a few counts.
  let asked = Infinity;
  for (let tries = 0; tries < 5 && asked >= NAMES.length; tries++) {
    const before = inside.asked;
    t.deepEqual(await Promise.all(NAMES.map((name) => told(folder, name))), SAID);
    asked = inside.asked - before;
  }
  t.true(asked < NAMES.length, String(asked));
  t.true(inside.asked >= 1);
  t.is(readFileSync(join(folder, 'memory.events'), 'utf8'), 'dom0\n');
  inside.stats = SAID.with(1, '8192\n');
  await until('it is asked anew', async () => {
    return (await told(folder, 'memory.current')) === '8192\n';
  });
  inside.exit(0);
  await ended(all);
  t.deepEqual(mounts(folder), []);
  t.true(isOwn(folder));
});

test('who reads in parts has what was so when it began, and nobody writes', async (t) => {
  const { folder, inside } = await shown(t, SAID);
  await told(folder, 'memory.stat');
  const file = await open(join(folder, 'memory.stat'));
  const part = Buffer.alloc(100);
  await file.read(part, 0, 100, 0);
  inside.stats = SAID.with(2, 'other 1\n');
  await until('others see the new', async () => {
    return (await told(folder, 'memory.stat')) === 'other 1\n';
  });
  await file.read(part, 0, 100, 100);
  t.is(part.toString(), STAT.slice(100, 200));
  await file.close();
  await t.throwsAsync(open(join(folder, 'memory.max'), 'w'), { code: 'EACCES' });
});

test('a guest that does not answer: what was known, and before that an error, after a second', async (t) => {
  const { folder, inside } = await shown(t, undefined);
  const before = performance.now();
  await t.throwsAsync(readFile(join(folder, 'pids.current'), 'utf8'), { code: 'EIO' });
  t.true(performance.now() - before < 5000);
  await until('it was asked', () => inside.asked === 1);
  let quickest = Infinity;
  for (let tries = 0; tries < 5 && quickest >= 900; tries++) {
    const again = performance.now();
    await t.throwsAsync(readFile(join(folder, 'cpu.stat'), 'utf8'), { code: 'EIO' });
    quickest = Math.min(quickest, performance.now() - again);
  }
  t.true(quickest < 900, 'who does not answer is not waited for once more');
  inside.tell(SAID);
  inside.stats = SAID;
  await until('it answers', async () => {
    const said = await readFile(join(folder, 'pids.current'), 'utf8').catch(() => '');
    return said === '3\n';
  });
  const { asked } = inside;
  inside.stats = undefined;
  await until('it has to be asked', async () => {
    t.is(await readFile(join(folder, 'pids.current'), 'utf8'), '3\n');
    return inside.asked > asked;
  });
});

const LIES: [string, string[]][] = [
  ['no fields', []],
  ['a name without a number', SAID.with(0, 'usage_usec\n')],
  ['a line that does not end', SAID.with(0, 'usage_usec 17')],
  ['other signs', SAID.with(0, 'usage_usec 17\n\u001b[2J 1\n')],
  ['a number of 20 digits', SAID.with(0, `usage_usec ${'1'.repeat(20)}\n`)],
  ['a number alone where lines are', SAID.with(0, '17\n')],
  ['a name of 64 signs', SAID.with(0, `${'u'.repeat(64)} 1\n`)],
  ['more than a file of these is', SAID.with(0, 'usage_usec 1\n'.repeat(700))],
];

test('a file of a number has no lines', async (t) => {
  const { folder } = await shown(t, SAID.with(1, 'anon 4096\n'));
  t.is(await told(folder, 'cpu.stat'), String(SAID[0]));
  await t.throwsAsync(readFile(join(folder, 'memory.current'), 'utf8'), { code: 'EIO' });
});

test('df leaves them out; a signal does not keep one from an answer', async (t) => {
  const { folder, inside } = await shown(t, SAID);
  const df = spawnSync('df', ['--output=target'], { encoding: 'utf8' });
  t.false((df.stdout + df.stderr).includes(folder), df.stdout + df.stderr);
  t.is(await told(folder, 'pids.current'), '3\n');
  inside.stats = undefined;
  const { asked } = inside;
  const script = `$SIG{ALRM} = sub {}; open my $f, '<', '${folder}/pids.current' or die; alarm 1; sysread $f, my $said, 99 or die $!; print $said`;
  await new Promise((resolve) => setTimeout(resolve, 100));
  const perl = spawn('perl', ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  perl.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await once(perl, 'close');
  t.is(said, '3\n');
  t.true(inside.asked > asked);
});

for (const [what, lie] of LIES) {
  test(`${what}: nobody sees it`, async (t) => {
    const { folder } = await shown(t, lie);
    await t.throwsAsync(readFile(join(folder, 'cpu.stat'), 'utf8'), { code: 'EIO' });
  });
}

test('a hundred read at once', async (t) => {
  const { folder } = await shown(t, SAID);
  const reads = Array.from({ length: 100 }, (_, i) => told(folder, NAMES[i % 5] ?? ''));
  t.deepEqual(
    await Promise.all(reads),
    Array.from({ length: 100 }, (_, i) => SAID[i % 5]),
  );
});

test('whoever waits is let go when it is killed, and what it leaves answers nobody', async (t) => {
  const { all, folder, pid, inside } = await shown(t, undefined);
  const over = ended(all);
  const failed = t.throwsAsync(readFile(join(folder, 'cpu.stat'), 'utf8'));
  await inside.until('it is asked', () => inside.asked > 0);
  process.kill(pid, 'SIGKILL');
  await failed;
  await over;
  t.is(mounts(folder).length, 5);
  t.throws(() => readFileSync(join(folder, 'cpu.stat')), { code: 'ENOTCONN' });
});

test('one that is ended before its container begins leaves nothing mounted', async (t) => {
  const all = await called(t);
  const folder = makeFolder(t, all);
  const pid = await left(all, FED | STATS, { cgroup: join(folder, 'cgroup.procs') });
  t.is(mounts(folder).length, 5);
  const over = ended(all);
  process.kill(pid, 'SIGTERM');
  await over;
  t.deepEqual(mounts(folder), []);
});

test('one that cannot be made leaves nothing mounted; without the wish there is none', async (t) => {
  const all = await called(t);
  const folder = makeFolder(t, all);
  const cgroup = join(folder, 'cgroup.procs');
  const refused = wish(all, { cgroup, root: '/nowhere' });
  t.regex(String(await all.session.standIn(1, FED | STATS, refused)), /^Cannot enter the root/);
  t.deepEqual(mounts(folder), []);
  const other = await called(t);
  await left(other, FED, { cgroup });
  t.deepEqual(mounts(folder), []);
});
