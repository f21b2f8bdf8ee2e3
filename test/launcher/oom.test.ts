// SPDX-License-Identifier: Apache-2.0
// A stand-in reports a guest's OOM kill in its own cgroup: once a watcher is there to see it, or at its end without one.

import { spawnSync } from 'node:child_process';
import { linkSync, mkdirSync, readdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { called, ended, FED, left } from '../support/shim/stand-in.js';
import { until } from '../support/within.js';

const STATS = 128;
const WAIT_MS = 10_000;
const [SIGNALED, SIGKILL] = [2, 9];
const MOUNTED = ['cpu.stat', 'memory.current', 'memory.stat', 'pids.current', 'memory.max'];

/** A stand-in whose process has just been killed. `limit` is the value written to memory.max below the mount. */
async function killed(t: ExecutionContext, oomKills: number) {
  const all = await called(t);
  const folder = join(all.sandbox.dir, 'cgroup');
  mkdirSync(folder);
  for (const name of [...MOUNTED, 'cgroup.procs', 'memory.events'])
    writeFileSync(join(folder, name), '0');
  t.teardown(() => {
    for (const name of MOUNTED) spawnSync('umount', ['-l', join(folder, name)]);
  });
  const below = join(all.sandbox.dir, 'memory.max');
  linkSync(join(folder, 'memory.max'), below);
  const pid = await left(all, FED | STATS, { cgroup: join(folder, 'cgroup.procs') });
  const inside = all.sandbox.agent.begin(1, true);
  await until('the shim has heard of it', async () => {
    const { processes } = await all.sandbox.status();
    return processes[0]?.hasBegun === true;
  });
  inside.eof(1);
  inside.eof(2);
  const since = performance.now();
  inside.exitOnly(SIGKILL, SIGNALED, oomKills);
  return {
    pid,
    events: join(folder, 'memory.events'),
    limit: () => readFileSync(below, 'utf8'),
    since,
    end: async () => {
      await ended(all);
      // Its children may outlive it, and other processes then adopt them.
      t.true(all.said().startsWith('first 0\n') && all.said().includes(`left ${pid} ${SIGKILL}\n`));
    },
  };
}

/** True if it takes less than the wait for a watcher. On a busy machine one of three attempts must pass. */
async function isSooner(once: () => Promise<number>): Promise<boolean> {
  for (let tries = 0; tries < 3; tries++) if ((await once()) < WAIT_MS) return true;
  return false;
}

test('it is shown as soon as somebody watches', async (t) => {
  const once = async (): Promise<number> => {
    const { pid, events, limit, since, end } = await killed(t, 1);
    await delay(300);
    t.is(limit(), '0', 'nobody watches');
    // Engines enter it until it ends.
    t.deepEqual(readdirSync(`/proc/${pid}/root`), ['here']);
    const watcher = watch(events);
    t.teardown(() => {
      watcher.close();
    });
    await end();
    t.regex(limit(), /^max/, 'the limit was set, and is none again');
    return performance.now() - since;
  };
  t.true(await isSooner(once));
});

test('it is shown in the end where nobody does', async (t) => {
  const { limit, since, end } = await killed(t, 1);
  await end();
  t.true(performance.now() - since >= WAIT_MS);
  t.regex(limit(), /^max/);
});

test('nothing is shown of a container that had memory enough', async (t) => {
  const once = async (): Promise<number> => {
    const { limit, since, end } = await killed(t, 0);
    await end();
    t.is(limit(), '0');
    return performance.now() - since;
  };
  t.true(await isSooner(once));
});
