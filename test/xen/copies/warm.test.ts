// SPDX-License-Identifier: Apache-2.0
// Freezes running containers: new containers continue from there until the frozen image is removed or damaged.

import { open } from 'node:fs/promises';
import test from 'ava';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';
import {
  busybox,
  debian,
  guestType,
  list,
  run,
  runWords,
  startThaw,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

const FROZEN = '/var/lib/thaw/frozen';
/** Waits until its identity changes, so that it ends in clones and never in the original. */
const SERVER =
  'sub id { open(F, "/etc/machine-id"); scalar <F> } $|=1; $s=int(rand(1e9)); $me=id(); print "up $s\\n"; ' +
  'select(undef,undef,undef,0.05) while id() eq $me; open(W, "/tmp/warm"); print "gone $s ", <W>; print STDERR "err\\n"; exit 3';
const SHELL =
  'me=$(cat /etc/machine-id); echo up; while [ "$me" = "$(cat /etc/machine-id)" ]; do sleep 0.1; done; echo on';

async function startServer(name: string): Promise<string> {
  startThaw(runWords('--rm', '--name', name, debian, 'perl', '-e', SERVER));
  return until(
    'it is up',
    async () => /^up (\d+)$/m.exec((await thaw(['logs', name])).stdout)?.[1],
  );
}

interface Template {
  name?: string;
  kind: string;
  type: string;
  ready: number;
}

async function templates(): Promise<Template[]> {
  return JSON.parse((await thaw(['templates', '--json'])).stdout) as Template[];
}

test.serial.afterEach.always(async () => {
  for (const { name } of await list()) await thaw(['rm', '--force', name]);
  for (const { name } of await templates()) if (name) await thaw(['unfreeze', name]);
});

once(
  'what is run of it goes on with the memory and files that it had, and gives its status',
  async (t) => {
    const secret = await startServer('orig');
    const warmed = await thaw([
      'freeze',
      '--after',
      'echo warming; echo warm > /tmp/warm',
      '--name',
      'warm',
      'orig',
    ]);
    t.deepEqual([warmed.status, warmed.stdout, warmed.stderr], [0, 'warm\n', 'warming\n']);
    t.like(
      (await templates()).find(({ name }) => name === 'warm'),
      { kind: 'container', type: guestType, ready: 0 },
    );
    t.regex((await thaw(['templates'])).stdout, /^warm +container +/m);
    const outcomes = await Promise.all(
      ['a', 'b'].map((name) => thaw(['run', '--rm', '--name', name, '--frozen', 'warm'])),
    );
    for (const { status, stdout, stderr } of outcomes)
      t.deepEqual([status, stdout, stderr], [3, `gone ${secret} warm\n`, 'err\n']);
    t.is((await thaw(['run', '--rm', '--memory', '128m', '--frozen', 'warm'])).status, 3);
  },
);

once('a command that fails freezes nothing; its output and status come through', async (t) => {
  await startServer('orig');
  const { status, stdout, stderr } = await thaw(['freeze', '--after', 'echo no; exit 9', 'orig']);
  t.deepEqual([status, stdout], [9, '']);
  // Output comes from the shim and status from thawd: neither waits for the other.
  t.regex(stderr, /^no$/m);
  t.regex(
    stderr,
    /^thaw: Cannot freeze container "orig": the command of --after ended with status 9/m,
  );
  t.false((await templates()).some(({ name }) => name === 'orig'));
  t.is((await thaw(['exec', 'orig', 'true'])).status, 0);
});

longOnce(
  'it outlives thawd; damaged it is refused with what to do, for there is no other',
  async (t) => {
    startThaw(runWords('--rm', '--name', 'orig', busybox, 'sh', '-c', SHELL));
    await until('it is up', async () => (await thaw(['logs', 'orig'])).stdout === 'up\n');
    t.is((await thaw(['freeze', '--after', 'true', '--name', 'kept', 'orig'])).stdout, 'kept\n');
    await stopThawd();
    await startThawd();
    t.is((await thaw(['run', '--rm', '--frozen', 'kept'])).stdout, 'on\n');
    await stopThawd();
    const file = await open(`${FROZEN}/kept/template/stream`, 'r+');
    await file.write(Buffer.from('garbage'), 0, 7, 1_000_000);
    await file.close();
    await startThawd();
    const refused = await thaw(['run', '--rm', '--frozen', 'kept']);
    t.is(refused.status, 125);
    t.regex(
      refused.stderr,
      /"kept": its stored memory is damaged.*cannot be made again; .*thaw unfreeze kept/,
    );
    t.is((await thaw(['unfreeze', 'kept'])).status, 0);
    t.is((await thaw(['run', '--rm', '--frozen', 'kept'])).status, 125);
  },
);

once('what cannot be is refused in one line, and the image of its disks stays', async (t) => {
  await startServer('orig');
  t.is((await thaw(['freeze', '--after', 'true', '--name', 'warm', 'orig'])).status, 0);
  const cases: [string[], number, RegExp][] = [
    [['freeze', '--after', 'true', '--user', '1', 'orig'], 2, /--user with --after/],
    [['freeze', '--after', 'true', 'orig', 'ls'], 2, /ls with --after/],
    [['freeze', '--after', 'true', 'nobody'], 125, /no container.*nobody/i],
    [['freeze', '--after', 'true', '--name', 'no way', 'orig'], 125, /name "no way"/],
    [['run', '--rm', '-i', '--frozen', 'warm'], 125, /--interactive.*standard input at its end/],
    [['run', '--rm', '--memory', '32m', '--frozen', 'warm'], 125, /--memory 32 MiB/],
    [['run', '--rm', '--cpus', '2', '--frozen', 'warm'], 125, /--cpus 2/],
  ];
  for (const [words, status, message] of cases) {
    const outcome = await thaw(words);
    t.is(outcome.status, status, `${words.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, message);
    t.is(outcome.stderr.trim().split('\n').length, 1, outcome.stderr);
  }
  await thaw(['rm', '--force', 'orig']);
  t.not((await thaw(['rmi', debian])).status, 0);
  t.is((await run([debian, 'true'])).status, 0);
});
