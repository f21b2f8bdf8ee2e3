// SPDX-License-Identifier: Apache-2.0
// Tests the pool: a start claims a clone, dead and silent clones are never handed out, and Xen's tools show each clone's owner.

import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';
import {
  busybox,
  command,
  guestType,
  run,
  running,
  startThaw,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

interface Listed {
  name?: string;
  type: string;
  vcpus: number;
  ready: number;
}

/** Waits until the pool has a clone of this suite's type, for a container of one CPU. */
async function oneWaits(): Promise<void> {
  await until('a clone to wait', async () => {
    const templates = JSON.parse((await thaw(['templates', '--json'])).stdout) as Listed[];
    const isOurs = ({ name, type, vcpus }: Listed) => !name && type === guestType && vcpus === 1;
    if (!templates.some((template) => isOurs(template) && template.ready > 0)) return false;
    // Clones made for the shares of earlier containers are replaced after the first start without shares.
    const devices = (await waiting()).map((domid) =>
      command('xenstore-ls', [`/local/domain/${domid}/device`]).catch(() => '9pfs'),
    );
    return (await Promise.all(devices)).every((list) => !list.includes('9pfs'));
  });
}

/** Domids of the clones in the pool, of any type. */
async function waiting(): Promise<number[]> {
  const text = await command('xl', ['list']);
  return [...text.matchAll(/^thaw-pool-\S+\s+(\d+)/gm)].map(([, domid]) => Number(domid));
}

/** Counts the clones that thawd discarded for not answering in time, as on a host that stalls for seconds. */
async function late(): Promise<number> {
  return (await readFile('/var/log/thaw/thawd.log', 'utf8')).split(
    /Pooled clone .* does not answer/,
  ).length;
}

/** Starts a long-running container and checks that its clone was claimed from the pool, if that clone answered in time. Ends it afterwards. */
async function takesOneThatWaits(
  t: ExecutionContext,
  meanwhile: (domid: number) => Promise<void>,
): Promise<void> {
  for (let tries = 5; ; tries--) {
    await oneWaits();
    const [before, lateBefore] = [await waiting(), await late()];
    const words = ['run', '--rm', '-i', '--type', guestType, '--memory', '64m', '--name', 'taker'];
    const { child, done } = startThaw([...words, busybox, 'cat']);
    try {
      const { domid = -1 } = await running('taker');
      const isOne = before.includes(domid);
      const isExcused = !isOne && tries > 1 && (await late()) > lateBefore;
      if (!isExcused) t.true(isOne, `${domid} is one of ${before.join(' ')}`);
      if (isOne) await meanwhile(domid);
      if (!isExcused) return;
    } finally {
      // A container that stays would keep the test's own process alive.
      child.stdin?.end();
      t.is((await done).status, 0);
    }
  }
}

test.serial(
  'a start takes a clone that waits, and its domain gets the name of the container',
  async (t) => {
    // The first container of a type creates demand for it.
    await run([busybox, 'true']);
    await takesOneThatWaits(t, async (domid) => {
      await until('xl shows the name', async () =>
        new RegExp(`^taker\\s+${domid}\\s`, 'm').test(await command('xl', ['list'])),
      );
      t.is((await command('xl', ['domname', String(domid)])).trim(), 'taker');
      t.is((await command('xl', ['domid', 'taker'])).trim(), String(domid));
    });
  },
);

longOnPv('so do the starts after it: who waits has the memory to answer', async (t) => {
  for (let start = 0; start < 4; start++) await takesOneThatWaits(t, () => Promise.resolve());
});

longOnPv('a clone that was destroyed while it waited is replaced, not handed out', async (t) => {
  await oneWaits();
  // The pool may be destroying a surplus clone.
  const victim = await until('one is destroyed', async () => {
    const [one] = await waiting();
    return command('xl', ['destroy', String(one)]).then(
      () => one,
      () => undefined,
    );
  });
  t.is((await run([busybox, 'echo', 'fine'])).stdout, 'fine\n');
  await oneWaits();
  t.false((await waiting()).includes(victim));
});

once('clones that are silent are thrown away, and the container starts in another', async (t) => {
  await oneWaits();
  const silent: number[] = [];
  for (const domid of await waiting())
    await command('xl', ['pause', String(domid)]).then(
      () => silent.push(domid),
      // The pool may be destroying a surplus clone.
      () => 0,
    );
  t.true(silent.length > 0);
  const { status, stdout, stderr } = await run([busybox, 'echo', 'fine']);
  t.deepEqual([status, stdout, stderr], [0, 'fine\n', '']);
  // thawd may be destroying it.
  for (const domid of await waiting())
    if (silent.includes(domid)) await command('xl', ['unpause', String(domid)]).catch(() => '');
});
