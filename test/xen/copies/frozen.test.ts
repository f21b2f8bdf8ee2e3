// SPDX-License-Identifier: Apache-2.0
// Containers of frozen images start in clones, each with an identity of its own, also after a template was damaged.

import { readdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import test from 'ava';
import {
  busybox,
  debian,
  guestType,
  killThawd,
  running,
  startThaw,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';

const FROZEN = '/var/lib/thaw/frozen';

async function freeze(name: string, image: string, ...command: string[]): Promise<void> {
  const { status, stdout, stderr } = await thaw([
    ...['freeze', '--name', name, '--type', guestType, image],
    ...command,
  ]);
  if (status !== 0 || stdout !== `${name}\n`) throw new Error(`thaw freeze: ${stderr}`);
}

const runFrozen = (name: string, ...options: string[]): string[] => [
  ...['run', '--rm', '--memory', '128m', ...options, '--frozen', name],
];

interface Listed {
  name?: string;
  type: string;
  ready: number;
}

async function templates(): Promise<Listed[]> {
  return JSON.parse((await thaw(['templates', '--json'])).stdout) as Listed[];
}

test.serial.after.always(async () => {
  for (const { name } of await templates()) if (name) await thaw(['unfreeze', name]);
});

const WHOAMI =
  'hostname; cat /etc/hostname /etc/machine-id /sys/class/net/eth0/address; head -c 16 /dev/urandom | md5sum; cat';

test.serial(
  'clones of a frozen image are somebody of their own each, and read their stdin',
  async (t) => {
    await freeze('who', busybox, 'sh', '-c', WHOAMI);
    t.true((await templates()).some(({ name, type }) => name === 'who' && type === guestType));
    const outcomes = await Promise.all(
      ['a', 'b'].map((host) =>
        thaw(runFrozen('who', '-i', '--hostname', host), { input: `data for ${host}\n` }),
      ),
    );
    const lines = outcomes.map(({ status, stdout, stderr }) => {
      t.is(status, 0, stderr);
      return stdout.trim().split('\n');
    });
    for (const [i, host] of ['a', 'b'].entries())
      t.deepEqual([lines[i]?.[0], lines[i]?.[1], lines[i]?.[5]], [host, host, `data for ${host}`]);
    for (const line of [2, 3, 4]) t.not(lines[0]?.[line], lines[1]?.[line]);
  },
);

test.serial('without -i its stdin is at its end, and its status comes through', async (t) => {
  await freeze('status', busybox, 'sh', '-c', 'cat; echo out; echo err >&2; exit 7');
  const { status, stdout, stderr } = await thaw(runFrozen('status'), { input: 'never read\n' });
  t.deepEqual([status, stdout, stderr], [7, 'out\n', 'err\n']);
});

longOnce('an interpreter with its libraries runs from memory', async (t) => {
  await freeze('perl', debian, 'perl', '-e', 'print 6 * 7, "\\n"');
  t.is((await thaw(runFrozen('perl', '--memory', '256m'))).stdout, '42\n');
});

longOnPv(
  'a clone waits for the next start, and one that is silent is not handed out',
  async (t) => {
    await freeze('pooled', busybox, 'echo', 'hello');
    const waiting = (): Promise<Listed> =>
      until('a clone to wait', async () =>
        (await templates()).find(({ name, ready }) => name === 'pooled' && ready > 0),
      );
    await waiting();
    t.is((await thaw(runFrozen('pooled'))).stdout, 'hello\n');
    await waiting();
    const { stdout } = await thaw(['templates', '--json']);
    t.true(stdout.includes('pooled'));
  },
);

longOnce('a damaged template is found and made again', async (t) => {
  await freeze('broken', busybox, 'echo', 'whole');
  await stopThawd();
  const file = await open(`${FROZEN}/broken/template/stream`, 'r+');
  await file.write(Buffer.from('garbage'), 0, 7, 1_000_000);
  await file.close();
  await startThawd();
  t.is((await thaw(runFrozen('broken'))).stdout, 'whole\n');
});

once('frozen images outlive a killed thawd', async (t) => {
  await freeze('kept', busybox, 'echo', 'kept');
  await killThawd();
  await startThawd();
  t.is((await thaw(runFrozen('kept'))).stdout, 'kept\n');
});

once('what cannot be is refused in one line, and leaves nothing', async (t) => {
  await freeze('fixed', busybox, 'echo', 'fixed');
  const cases: [string[], number, RegExp][] = [
    [['run', '--rm', '--frozen', 'nobody'], 125, /no frozen image.*nobody.*thaw templates/i],
    [['run', '--rm', '--frozen', 'fixed', 'ls'], 2, /ls.*fixed when it was frozen/],
    [['run', '--rm', '-e', 'A=1', '--frozen', 'fixed'], 2, /--env.*fixed when it was frozen/],
    [['run', '--rm', '-t', '--frozen', 'fixed'], 125, /--tty.*without a terminal/],
    [['run', '--rm', '--cpus', '0.5', '--frozen', 'fixed'], 125, /--cpus 0.5.*whole CPUs/],
    [['run', '--rm', '--memory', '1m', '--frozen', 'fixed'], 125, /--memory 1 MiB/],
    [['freeze', '--name', 'no way', busybox], 125, /name "no way"/],
    [['freeze', '--name', 'nothing', busybox, '/nonexistent'], 127, /nonexistent/],
    [['unfreeze', 'nobody'], 125, /no frozen image.*nobody/i],
  ];
  for (const [words, status, message] of cases) {
    const outcome = await thaw(words);
    t.is(outcome.status, status, `${words.join(' ')}: ${outcome.stderr}`);
    t.regex(outcome.stderr, message);
    t.is(outcome.stderr.trim().split('\n').length, 1, outcome.stderr);
    t.is(outcome.stdout, '');
  }
  t.false(readdirSync(FROZEN).includes('nothing'));
});

once('a container that runs is not touched when its frozen image goes', async (t) => {
  await freeze('gone', busybox, 'sh', '-c', 'read line; echo "still $line"');
  const { child, done } = startThaw(runFrozen('gone', '-i', '--name', 'survivor'));
  await running('survivor');
  t.is((await thaw(['unfreeze', 'gone'])).stdout, 'gone\n');
  child.stdin?.end('here\n');
  t.is((await done).stdout, 'still here\n');
  t.is((await thaw(runFrozen('gone'))).status, 125);
  await rm(`${FROZEN}/gone`, { recursive: true, force: true });
});
