// SPDX-License-Identifier: Apache-2.0
// Every kind of domain end is reported. The process keeps its event loop, children and SIGCHLD while libxl works.

import test from 'ava';
import { execFile, execFileSync } from 'node:child_process';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { long } from '../../support/long.js';
import type { DomainEvent, Libxl } from '../../../bindings/index.js';
import { memfdCreate } from '../../../bindings/index.js';
import {
  GUEST_TYPES,
  guestConfig,
  reopen,
  untilRunning,
  withLibxl,
} from '../../support/xen/libxl-guest.js';
import { until } from '../../support/within.js';

async function boot(libxl: Libxl, type: 'pv' | 'pvh'): Promise<number> {
  const domid = await libxl.domainCreateNew(guestConfig(type));
  await libxl.domainUnpause(domid);
  await untilRunning(domid);
  return domid;
}

for (const type of GUEST_TYPES) {
  test.serial(`shutdown, then death of a ${type} domain are told in that order`, async (t) => {
    await withLibxl(t, async (libxl) => {
      const domid = await boot(libxl, type);
      const events: DomainEvent[] = [];
      const watch = libxl.onDomainDeath(domid, (event) => events.push(event));
      await watch.ready;
      await libxl.domainShutdown(domid);
      await until('it is down', () => events.length === 1, 60_000);
      t.like(events[0], { type: 'domain_shutdown', domid, shutdownReason: 'poweroff' });
      await libxl.domainDestroy(domid);
      await until('it is gone', () => events.length === 2, 60_000);
      t.deepEqual(events[1], { type: 'domain_death', domid });
      watch.close();
    });
  });
}

for (const type of GUEST_TYPES) {
  test.serial(`a crash of a ${type} domain is a shutdown with reason crash`, async (t) => {
    await withLibxl(t, async (libxl) => {
      const config = guestConfig(type) as { b_info: { cmdline: string } };
      config.b_info.cmdline += ' rdinit=/nonexistent'; // The kernel finds no init and panics.
      const domid = await libxl.domainCreateNew(config);
      const events: DomainEvent[] = [];
      const watch = libxl.onDomainDeath(domid, (event) => events.push(event));
      await watch.ready;
      await libxl.domainUnpause(domid);
      await until('it has crashed', () => events.length > 0, 60_000);
      t.like(events[0], { type: 'domain_shutdown', domid, shutdownReason: 'crash' });
      watch.close();
    });
  });
}

test.serial(
  'xl destroy is told, a closed watch is silent, and a domain that never was is dead at once',
  async (t) => {
    await withLibxl(t, async (libxl) => {
      const domid = await libxl.domainCreateNew(guestConfig('pv'));
      const heard: string[] = [];
      const watches = ['a', 'b'].map((name) =>
        libxl.onDomainDeath(domid, (event) => heard.push(`${name}:${event.type}`)),
      );
      const never: string[] = [];
      const neverWatch = libxl.onDomainDeath(31000, (event) => never.push(event.type));
      await Promise.all(watches.map((watch) => watch.ready));
      watches[1]?.close();
      watches[1]?.close();
      execFileSync('xl', ['destroy', String(domid)]);
      await until('both are told', () => heard.length > 0 && never.length > 0, 60_000);
      t.deepEqual(heard, ['a:domain_death']);
      t.deepEqual(never, ['domain_death']);
      watches[0]?.close();
      neverWatch.close();
    });
  },
);

test.serial(
  'the event loop answers while five domains are built, restored and destroyed',
  async (t) => {
    await withLibxl(t, async (libxl) => {
      const template = await boot(libxl, 'pv');
      const save = memfdCreate('save');
      await libxl.domainSuspend(template, save);
      const delay = monitorEventLoopDelay({ resolution: 10 });
      let began = 0;
      const settledWork = async (work: Promise<unknown>[]) => {
        delay.reset();
        delay.enable();
        began = Date.now();
        const settled = await Promise.allSettled(work);
        delay.disable();
        return settled;
      };
      const newOnes = (count: number) =>
        Array.from({ length: count }, () => libxl.domainCreateNew(guestConfig('pv')));
      const settled = await settledWork([
        ...newOnes(5),
        libxl.domainCreateRestore(guestConfig('pv'), reopen(save)),
        libxl.domainDestroy(template),
      ]);
      // An emulated machine may stall that long once.
      for (let tries = 0; tries < 2 && delay.max / 1e6 >= (Date.now() - began) / 2; tries++)
        settled.push(...(await settledWork(newOnes(2))));
      t.deepEqual(
        settled.filter((result) => result.status === 'rejected'),
        [],
      );
      const toMs = (ns: number): number => Math.round(ns / 1e6);
      t.log(
        `delays in ms: median ${toMs(delay.percentile(50))}, 99 % ${toMs(delay.percentile(99))}, most ${toMs(delay.max)}`,
      );
      // Building five domains takes seconds here. A blocked event loop would show as one delay that long; shorter ones come from emulation.
      t.true(toMs(delay.max) < (Date.now() - began) / 2);
    });
  },
);

long('children of Node and of libxl end side by side, each reaped by its own', async (t) => {
  await withLibxl(t, async (libxl) => {
    const template = await boot(libxl, 'pv');
    const save = memfdCreate('save');
    await libxl.domainSuspend(template, save);
    const run = promisify(execFile);
    const exitOf = (code: number): Promise<number> =>
      run('sh', ['-c', `exit ${code}`]).then(
        () => 0,
        (error: unknown) => (error as { code: number }).code,
      );
    let isDone = false;
    const children = (async (): Promise<number> => {
      let count = 0;
      for (; !isDone; count += 3) {
        const codes = [1, 0, 7].map(exitOf);
        t.deepEqual(await Promise.all(codes), [1, 0, 7]);
      }
      return count;
    })();
    // Each restore runs a save helper, each destroy forks.
    for (let round = 0; round < 3; round++) {
      const restore = (): Promise<number> =>
        libxl.domainCreateRestore(guestConfig('pv'), reopen(save));
      const domids = await Promise.all([restore(), restore()]);
      await Promise.all(domids.map((domid) => libxl.domainDestroy(domid)));
    }
    isDone = true;
    t.true((await children) >= 9);
    const { stdout } = await run('ps', ['--ppid', String(process.pid), '-o', 'stat=']);
    t.false(stdout.includes('Z'), 'no zombie process is left');
  });
});
