// SPDX-License-Identifier: Apache-2.0
// Clones running containers: each clone continues with an identity of its own, and the original does not notice.

import test, { type ExecutionContext } from 'ava';
import { Libxl } from '../../../bindings/index.js';
import { within } from '../../support/within.js';
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
  type Listed,
  type Outcome,
} from '../../support/dom0/thaw.js';
import { long, longOnce, longOnPv } from '../../support/long.js';

/** Counts until it is stopped, a number each 50 ms beside a secret in its memory. */
const COUNTER = [
  ...['perl', '-e'],
  '$|=1; $s=int(rand(1e9)); until (-e "/tmp/stop") { print ++$i, " $s\\n"; select(undef,undef,undef,0.05) } exit 7',
];

/** `done` resolves with its output once it is stopped. */
async function startCounter(
  name: string,
  ...options: string[]
): Promise<{ done: Promise<Outcome> }> {
  const { done } = startThaw(runWords('--rm', '--name', name, ...options, debian, ...COUNTER));
  await until('it counts', async () => (await logOf(name)).length > 5);
  return { done };
}

async function stop(name: string): Promise<void> {
  await thaw(['exec', name, 'touch', '/tmp/stop']);
}

async function untilCounts(name: string): Promise<void> {
  const before = (await logOf(name)).length;
  await until(`${name} counts`, async () => (await logOf(name)).length > before + 5);
}

/** The domain is suspended for a second or two: starting a process for each look would allow one look at most. */
async function standsStill(name: string): Promise<void> {
  const libxl = await Libxl.open();
  const isStill = async (): Promise<boolean> =>
    (await libxl.listDomains()).some((domain) => domain.name === name && domain.shutdown);
  try {
    await within(120_000, `${name} to stand still`, async () => {
      while (!(await isStill())) await new Promise((resolve) => setTimeout(resolve, 20));
    });
  } finally {
    await libxl.close();
  }
}

/** The lines of a container's log. */
async function logOf(name: string): Promise<string[]> {
  return (await thaw(['logs', name])).stdout.split('\n').filter((line) => line !== '');
}

async function clone(t: ExecutionContext, ...words: string[]): Promise<string[]> {
  const { status, stdout, stderr } = await thaw(['clone', ...words]);
  t.is(status, 0, stderr);
  return stdout.trim().split('\n');
}

async function ended(name: string): Promise<Listed> {
  return until(`${name} has ended`, async () =>
    (await list()).find((one) => one.name === name && one.state === 'exited'),
  );
}

const numbers = (lines: string[]): number[] => lines.map((line) => Number(line.split(' ')[0]));

/** True if the lines count on from `from`, without a gap or a repetition. */
function isWhole(t: ExecutionContext, lines: string[], from = 1): void {
  t.deepEqual(
    numbers(lines),
    lines.map((_, i) => from + i),
  );
}

const secrets = (lines: string[]): Set<string | undefined> =>
  new Set(lines.map((line) => line.split(' ')[1]));

test.serial.afterEach.always(async () => {
  for (const { name } of await list()) await thaw(['rm', '--force', name]);
});

test.serial(
  'original and clones go on from the same count, and no line is lost or said twice',
  async (t) => {
    const { done } = await startCounter('orig');
    const names = await clone(t, '--count', '2', '--name', 'twin', 'orig');
    t.deepEqual(names, ['twin-1', 'twin-2']);
    t.is((await list()).filter(({ state }) => state === 'running').length, 3);
    for (const name of ['orig', ...names]) await untilCounts(name);
    for (const name of ['orig', ...names]) await stop(name);
    const original = await done;
    t.is(original.status, 7, original.stderr);
    const lines = original.stdout.trim().split('\n');
    isWhole(t, lines);
    for (const name of names) {
      t.is((await ended(name)).exitStatus, 7);
      const own = await logOf(name);
      const [from = 0] = numbers(own);
      t.true(from > 5 && from <= lines.length, `from ${from}`);
      isWhole(t, own, from);
      t.deepEqual(secrets(own), secrets(lines));
      t.is((await thaw(['rm', name])).status, 0);
    }
  },
);

const WHO =
  'hostname; cat /etc/hostname /etc/machine-id /sys/class/net/eth0/address; head -c 16 /dev/urandom | md5sum';

longOnPv(
  'each is somebody of its own, also as xl sees it, and can be asked like any other',
  async (t) => {
    const words = runWords(
      '--rm',
      '--name',
      'orig',
      busybox,
      'sh',
      '-c',
      'echo up; echo 1 > /tmp/mine; sleep 600',
    );
    const { done } = startThaw(words);
    await until('it is up', async () => (await logOf('orig')).length > 0);
    const [first = ''] = await clone(t, 'orig');
    const names = ['orig', first, ...(await clone(t, '--name', 'second', first))];
    const answers = [];
    for (const name of names) {
      const { stdout, stderr } = await thaw(['exec', name, 'sh', '-c', WHO]);
      const answer = stdout.trim().split('\n');
      t.is(answer.length, 5, stderr);
      t.is(answer[0], answer[1]);
      answers.push(answer);
    }
    for (const line of [0, 2, 3, 4])
      t.is(new Set(answers.map((answer) => answer[line])).size, 3, `line ${line}`);
    const listed = await list();
    t.is(new Set(listed.map(({ domid }) => domid)).size, 3);
    const domains = await command('xl', ['list']);
    for (const name of names) t.true(domains.includes(name), name);
    // Later writes are each container's own.
    await thaw(['exec', first, 'sh', '-c', 'echo 2 > /tmp/mine']);
    t.is((await thaw(['exec', 'second', 'cat', '/tmp/mine'])).stdout, '1\n');
    t.is((await thaw(['exec', 'orig', 'cat', '/tmp/mine'])).stdout, '1\n');
    t.is((await thaw(['exec', first, 'cat', '/tmp/mine'])).stdout, '2\n');
    t.is((await thaw(['kill', '-s', 'KILL', first])).status, 0);
    t.is((await ended(first)).exitStatus, 137);
    t.is((await thaw(['rm', '--force', 'second'])).status, 0);
    t.is((await thaw(['kill', '-s', 'KILL', 'orig'])).status, 0);
    t.is((await done).status, 137);
  },
);

longOnPv('disks and memory of its size are there in the clone', async (t) => {
  const { done } = await startCounter('orig', '--memory', '128m');
  const [name = ''] = await clone(t, '--rm', 'orig');
  const look = 'md5sum /usr/bin/dpkg /usr/bin/perl; grep MemTotal /proc/meminfo';
  const [own, its] = await Promise.all(
    ['orig', name].map(async (one) => (await thaw(['exec', one, 'sh', '-c', look])).stdout),
  );
  t.is(own, its);
  t.regex(own ?? '', /^[0-9a-f]{32} /);
  for (const one of ['orig', name]) await stop(one);
  t.is((await done).status, 7);
  await until('a --rm clone is gone', async () => (await list()).length === 0);
});

longOnce('the next thawd lists clones, reads their logs and ends them', async (t) => {
  const { done } = await startCounter('orig');
  await clone(t, '--name', 'kept', 'orig');
  await killThawd();
  await startThawd();
  t.deepEqual((await list()).map(({ name, state }) => `${name} ${state}`).sort(), [
    'kept running',
    'orig running',
  ]);
  await untilCounts('kept');
  t.is((await thaw(['kill', '-s', 'KILL', 'kept'])).status, 0);
  t.is((await ended('kept')).exitStatus, 137);
  await stop('orig');
  isWhole(t, (await done).stdout.trim().split('\n'));
});

long(
  'a thawd that is killed while it copies leaves a container that the next one lets go on',
  async (t) => {
    const { done } = await startCounter('orig');
    const cloning = thaw(['clone', 'orig']);
    await standsStill('orig');
    await killThawd();
    t.is((await cloning).status, 125);
    await startThawd();
    await untilCounts('orig');
    await stop('orig');
    const { status, stdout } = await done;
    t.is(status, 7);
    isWhole(t, stdout.trim().split('\n'));
    await until('it is gone', async () => (await list()).length === 0);
  },
);

longOnce('a client that goes away in the middle leaves none of its clones', async (t) => {
  const { done } = await startCounter('orig');
  const { child, done: cloning } = startThaw(['clone', '--count', '5', '--name', 'never', 'orig']);
  await until('the first is being made', async () =>
    (await list()).some(({ name }) => name === 'never-1'),
  );
  child.kill('SIGINT');
  t.not((await cloning).status, 0);
  await until('none is left', async () => (await list()).length === 1);
  t.is((await list())[0]?.name, 'orig');
  await until(
    'their domains are gone',
    async () => !/never|null/.test(await command('xl', ['list'])),
  );
  await untilCounts('orig');
  await stop('orig');
  const { status, stdout } = await done;
  t.is(status, 7);
  isWhole(t, stdout.trim().split('\n'));
});

const CONNECTED = `use IO::Socket; $l=IO::Socket::INET->new(Listen=>1,LocalAddr=>"127.0.0.1:7777") or die;
$c=IO::Socket::INET->new("127.0.0.1:7777") or die; $a=$l->accept; $|=1; print "on\n"; sleep 600`;

longOnce('what cannot be cloned is refused in one line, and goes on', async (t) => {
  const start = async (name: string, ...words: string[]): Promise<void> => {
    const { done } = startThaw(runWords('--rm', '--name', name, ...words));
    void done;
    await until(`${name} says so`, async () => (await logOf(name)).includes('on'));
  };
  await start('tcp', debian, 'perl', '-e', CONNECTED);
  await start('fed', '-i', busybox, 'sh', '-c', 'echo on; cat');
  await start('busy', busybox, 'sh', '-c', 'echo on; sleep 600');
  const exec = startThaw(['exec', 'busy', 'sleep', '601']);
  await until('the command runs', async () =>
    (await thaw(['exec', 'busy', 'ps'])).stdout.includes('sleep 601\n'),
  );
  await thaw(runWords('--name', 'over', busybox, 'true'));
  const cases: [string[], number, RegExp][] = [
    [['clone', 'tcp'], 125, /clone container "tcp": 2 TCP connections are open; .*close them/],
    [['clone', 'fed'], 125, /clone container "fed": its stdin is open; .*-i/],
    [['clone', 'busy'], 125, /clone container "busy": another process.*wait until/],
    [['clone', 'over'], 125, /clone container "over": it is exited/],
    [['clone', 'nobody'], 125, /no container.*nobody/i],
    [['clone', '--name', 'fed', 'busy'], 125, /name "fed": a container has it/],
    [['clone', '--count', '0', 'busy'], 2, /--count 0/],
    [['clone', '--count', '100', 'busy'], 125, /Cannot give a domain .* too little/],
  ];
  for (const [words, status, message] of cases) {
    const outcome = await thaw(words);
    t.is(outcome.status, status, `${words.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, message);
    t.is(outcome.stderr.trim().split('\n').length, 1, outcome.stderr);
    t.is(outcome.stdout, '');
  }
  t.is((await list()).length, 4);
  for (const name of ['tcp', 'fed']) t.is((await thaw(['exec', name, 'true'])).status, 0);
  exec.child.kill('SIGKILL');
});
