// SPDX-License-Identifier: Apache-2.0
// The process survives, and no domain is left, when a context is closed, aborted or collected in the middle, or its Worker or process ends.
// Cases that may crash run in a process of their own.

import test, { type ExecutionContext } from 'ava';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { long } from '../../support/long.js';
import { Libxl, XenError, memfdCreate } from '../../../bindings/index.js';
import {
  guestConfig,
  guestName,
  ourDomains,
  reopen,
  untilRunning,
  withLibxl,
} from '../../support/xen/libxl-guest.js';
import { until } from '../../support/within.js';

const run = promisify(execFile);
const index = new URL('../../../bindings/index.js', import.meta.url).href;

/** A dying domain disappears when xenstored has released its ring. */
async function noneIsLeft(t: ExecutionContext, libxl: Libxl): Promise<void> {
  await until('they are gone', async () => (await ourDomains(libxl)).length === 0);
  t.pass();
}

async function inProcess(source: string, flags: string[] = []): Promise<string> {
  const text = `import * as b from '${index}';\n${source}`;
  const args = [...flags, '--input-type=module', '-e', text];
  const { stdout } = await run(process.execPath, args, { timeout: 240_000 });
  return stdout.trim();
}

test.serial(
  'closing with creates in flight ends them one way or the other and leaves nothing',
  async (t) => {
    await withLibxl(t, async (observer) => {
      const libxl = await Libxl.open();
      const creates = Array.from({ length: 3 }, () => libxl.domainCreateNew(guestConfig('pv')));
      const settled = Promise.allSettled(creates);
      await libxl.close();
      for (const result of await settled) {
        if (result.status === 'fulfilled') await observer.domainDestroy(result.value);
        else t.regex((result.reason as { code: string }).code, /^ERR_XEN_(ABORTED|CLOSED|FAIL)$/);
      }
      await noneIsLeft(t, observer);
    });
  },
);

test.serial('a suspend is aborted by its signal, and the domain goes on', async (t) => {
  await withLibxl(t, async (libxl) => {
    const domid = await libxl.domainCreateNew(guestConfig('pv'));
    await libxl.domainUnpause(domid);
    await untilRunning(domid);
    // A paused domain never answers the request to suspend: without the signal this would take a minute.
    await libxl.domainPause(domid);
    const save = memfdCreate('save');
    const start = performance.now();
    const signal = AbortSignal.timeout(500);
    await t.throwsAsync(libxl.domainSuspend(domid, save, { signal }), { instanceOf: XenError });
    t.true(performance.now() - start < 30_000);
    await libxl.domainUnpause(domid);
    t.false((await libxl.domainInfo(domid)).dying);
    const aborted = AbortSignal.abort();
    await t.throwsAsync(libxl.domainDestroy(domid, { signal: aborted }), {
      code: 'ERR_XEN_ABORTED',
    });
  });
});

test.serial(
  'restores that are aborted or closed at once end in errors and leave nothing',
  async (t) => {
    await withLibxl(t, async (libxl) => {
      const domid = await libxl.domainCreateNew(guestConfig('pv'));
      await libxl.domainUnpause(domid);
      await untilRunning(domid);
      const save = memfdCreate('save');
      await libxl.domainSuspend(domid, save);
      await libxl.domainDestroy(domid);
      for (const delayMs of [0, 1, 50, 300]) {
        const controller = new AbortController();
        const { signal } = controller;
        const restore = libxl.domainCreateRestore(guestConfig('pv'), reopen(save), { signal });
        setTimeout(() => controller.abort(), delayMs);
        const [result] = await Promise.allSettled([restore]);
        t.log(delayMs, result.status, result.status === 'rejected' ? String(result.reason) : '');
        if (result.status === 'fulfilled') await libxl.domainDestroy(result.value);
        await noneIsLeft(t, libxl);
      }
      const other = await Libxl.open();
      const restores = [1, 2].map(() => other.domainCreateRestore(guestConfig('pv'), reopen(save)));
      const settled = Promise.allSettled(restores);
      await other.close();
      t.true((await settled).every((result) => result.status === 'rejected'));
      await noneIsLeft(t, libxl);
    });
  },
);

test.serial('two contexts work side by side', async (t) => {
  await withLibxl(t, async (libxl) => {
    const other = await Libxl.open();
    const [a, b] = await Promise.all([
      libxl.domainCreateNew(guestConfig('pv')),
      other.domainCreateNew(guestConfig('pvh')),
    ]);
    t.not(a, b);
    await Promise.all([other.domainDestroy(a), libxl.domainDestroy(b)]);
    await other.close();
  });
});

long('a Worker is terminated in the middle of a create, and the process goes on', async (t) => {
  await withLibxl(t, async (observer) => {
    const config = JSON.stringify(guestConfig('pv', { name: guestName() }));
    const worker = `import { parentPort } from 'node:worker_threads';
      const b = await import('${index}'); const x = await b.Libxl.open();
      x.onDomainDeath(0, () => {}); x.domainCreateNew(process.env.CONFIG).catch(() => {});
      parentPort.postMessage(1);`;
    const out = await inProcess(
      `import { Worker } from 'node:worker_threads';
       for (let i = 0; i < 3; i++) {
         const text = ${JSON.stringify(worker)};
         const worker = new Worker(new URL('data:text/javascript,' + encodeURIComponent(text)), { env: { CONFIG: ${JSON.stringify(config)} } });
         await new Promise((ok, no) => { worker.once('message', ok); worker.once('error', no); });
         await new Promise((ok) => setTimeout(ok, i * 100));
         await worker.terminate();
       }
       const x = await b.Libxl.open(); console.log((await x.listDomains()).length > 0); await x.close();`,
    );
    t.is(out, 'true');
    await observer.listDomains();
  });
});

test.serial('exit in the middle of a create is an ordinary exit', async (t) => {
  await withLibxl(t, async (observer) => {
    const config = JSON.stringify(guestConfig('pv'));
    const out = await inProcess(
      `const x = await b.Libxl.open(); x.domainCreateNew(${JSON.stringify(config)}).catch(() => {});
       x.onDomainDeath(0, () => {}); setTimeout(() => { console.log('out'); process.exit(0); }, 200);`,
    );
    t.is(out, 'out');
    await observer.listDomains();
  });
});

test.serial(
  'contexts that are dropped are collected with their threads, one that is used is not',
  async (t) => {
    const out = await inProcess(
      `import { readdirSync, readFileSync } from 'node:fs';
     const name = (tid) => { try { return readFileSync('/proc/self/task/' + tid + '/comm', 'utf8').trim(); } catch { return ''; } };
     const threads = () => readdirSync('/proc/self/task').filter((tid) => name(tid) === 'libxl').length;
     const before = threads();
     const held = [];
     for (let i = 0; i < 8; i++) { held.push(await b.Libxl.open()); await held[i].listDomains(); }
     const during = threads();
     held.length = 0;
     for (let i = 0; i < 300 && threads() > 1; i++) { global.gc(); await new Promise((ok) => setTimeout(ok, 100)); }
     let seen = 0;
     await (async () => { (await b.Libxl.open()).onDomainDeath(30000, () => seen++); })();
     for (let i = 0; i < 300 && seen === 0; i++) { global.gc(); await new Promise((ok) => setTimeout(ok, 100)); }
     // The engine's registers may still hold the last one; the one with a watch is there by right.
     console.log(during - before, threads() <= 2, seen);
     process.exit();`,
      ['--expose-gc'],
    );
    t.is(out, '8 true 1');
  },
);
