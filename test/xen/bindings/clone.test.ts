// SPDX-License-Identifier: Apache-2.0
// Starts several clones at once from a template's save stream trimmed in memory, and rejects bad streams.

import test from 'ava';
import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { XenError, memfdCreate, trimStream } from '../../../bindings/index.js';
import {
  GUEST_TYPES,
  guestConfig,
  ourDomains,
  reopen,
  untilRunning,
  withLibxl,
} from '../../support/xen/libxl-guest.js';
import { pageData, record, saveStream } from '../../support/xen/save-stream.js';
import { until } from '../../support/within.js';

const CLONES = 3;

for (const type of GUEST_TYPES) {
  test.serial(
    `a ${type} template is suspended to memory, trimmed and restored ${CLONES} times at once`,
    async (t) => {
      await withLibxl(t, async (libxl) => {
        const template = await libxl.domainCreateNew(guestConfig(type));
        await libxl.domainUnpause(template);
        await untilRunning(template);
        const save = memfdCreate('save');
        const trimmed = memfdCreate('trimmed');
        await libxl.domainSuspend(template, save);
        t.like(await libxl.domainInfo(template), { shutdown: true, shutdownReason: 'suspend' });
        const counts = await trimStream(save, trimmed);
        t.log(counts);
        t.is(fstatSync(trimmed).size, counts.bytes);
        t.true(counts.zeroPages > 1000 && counts.bytes < fstatSync(save).size);
        await libxl.domainDestroy(template);

        const clones = await Promise.all(
          Array.from({ length: CLONES }, async () => {
            const fd = reopen(trimmed);
            const domid = await libxl.domainCreateRestore(guestConfig(type), fd);
            closeSync(fd);
            return domid;
          }),
        );
        t.is(new Set(clones).size, CLONES);
        for (const domid of clones) t.true((await libxl.domainInfo(domid)).paused);
        for (const domid of clones) await libxl.domainUnpause(domid);
        // A resumed kernel does work: its CPU time exceeds that of a domain that hangs at its first instruction.
        for (const domid of clones) {
          const start = (await libxl.domainInfo(domid)).cpuTimeNs;
          const more = async (): Promise<boolean> =>
            (await libxl.domainInfo(domid)).cpuTimeNs > start + 10_000_000n;
          await until(`clone ${domid} computes`, more, 30_000);
          const info = await libxl.domainInfo(domid);
          t.false(info.shutdown || info.dying, `clone ${domid} runs`);
        }
        for (const fd of [save, trimmed]) closeSync(fd);
      });
    },
  );
}

test.serial('a suspended domain resumes and goes on', async (t) => {
  await withLibxl(t, async (libxl) => {
    const domid = await libxl.domainCreateNew(guestConfig('pv'));
    await libxl.domainUnpause(domid);
    await untilRunning(domid);
    const save = memfdCreate('save');
    await libxl.domainSuspend(domid, save);
    await libxl.domainResume(domid);
    closeSync(save);
    await until('it is not shut down', async () => !(await libxl.domainInfo(domid)).shutdown);
    t.false((await libxl.domainInfo(domid)).dying);
  });
});

// libxl itself crashes on these streams, so the binding must reject them first.
test.serial('streams that are none fail and leave no domain', async (t) => {
  await withLibxl(t, async (libxl) => {
    const streams = [Buffer.alloc(65536, 0x55), Buffer.alloc(0), Buffer.from('LibxlFmt')];
    const wrongFirst = Buffer.concat([Buffer.from('LibxlFmt'), Buffer.alloc(64)]);
    wrongFirst.writeUInt32BE(2, 8);
    for (const stream of [...streams, wrongFirst]) {
      const fd = memfdCreate('bad');
      writeSync(fd, stream);
      const restore = libxl.domainCreateRestore(guestConfig('pv'), reopen(fd));
      await t.throwsAsync(restore, { code: 'ERR_XEN_BAD_STREAM' });
      closeSync(fd);
    }
    t.deepEqual(await ourDomains(libxl), []);
  });
});

test.serial('streams cut in the middle fail and leave no domain', async (t) => {
  await withLibxl(t, async (libxl) => {
    const whole = saveStream([record(0x10), record(1, pageData([{ pfn: 1n, fill: 1 }]))]);
    for (const length of [24, 64, 100, whole.length - 60, whole.length]) {
      const fd = memfdCreate('cut');
      writeSync(fd, whole, 0, length);
      const restore = libxl.domainCreateRestore(guestConfig('pv'), reopen(fd));
      await t.throwsAsync(restore, { instanceOf: XenError });
      closeSync(fd);
    }
    t.deepEqual(await ourDomains(libxl), []);
  });
});

test.serial('a suspend to what cannot be written is refused, and the domain goes on', async (t) => {
  await withLibxl(t, async (libxl) => {
    const domid = await libxl.domainCreateNew(guestConfig('pv'));
    for (const [path, flags] of [
      ['/dev/full', 'w'],
      ['/dev/null', 'r'],
    ] as const) {
      const fd = openSync(path, flags);
      await t.throwsAsync(libxl.domainSuspend(domid, fd), { instanceOf: XenError });
      closeSync(fd);
    }
    t.like(await libxl.domainInfo(domid), { shutdown: false, dying: false });
  });
});
