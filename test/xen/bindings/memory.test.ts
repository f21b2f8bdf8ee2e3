// SPDX-License-Identifier: Apache-2.0
// Memory and vCPUs of a running domain follow each request, as Xen counts them.

import test from 'ava';
import { XenError } from '../../../bindings/index.js';
import {
  GUEST_TYPES,
  guestConfig,
  untilRunning,
  withLibxl,
  withXenstore,
} from '../../support/xen/libxl-guest.js';
import { until } from '../../support/within.js';

for (const type of GUEST_TYPES) {
  test.serial(`a ${type} domain shrinks and grows to its target`, async (t) => {
    await withLibxl(t, async (libxl) => {
      const domid = await libxl.domainCreateNew(guestConfig(type, { memoryMib: 96 }));
      await libxl.domainUnpause(domid);
      await untilRunning(domid);
      const kib = async (): Promise<number> => (await libxl.domainInfo(domid)).currentMemKib;
      await libxl.setMemoryTarget(domid, 80 * 1024);
      t.is(await libxl.getMemoryTarget(domid), 80 * 1024);
      await until('it has shrunk', async () => (await kib()) < 84 * 1024, 60_000);
      await libxl.domainSetmaxmem(domid, 160 * 1024);
      if (type === 'pvh') await libxl.setPagingMempool(domid, 4 << 20);
      await libxl.setMemoryTarget(domid, 128 * 1024);
      await until('it has grown', async () => (await kib()) > 124 * 1024, 60_000);
      const accounting = await libxl.domainAccounting(domid);
      t.true(accounting.totPages * 4 > 124 * 1024);
      t.is(accounting.pagingPoolBytes, type === 'pvh' ? 4 << 20 : 0);
      await libxl.setMaxMemory(domid, 200 * 1024);
      t.is((await libxl.domainAccounting(domid)).maxPages, (200 * 1024) / 4);
    });
  });
}

test.serial('vCPUs are offered to the guest in xenstore', async (t) => {
  await withLibxl(t, async (libxl) => {
    const domid = await libxl.domainCreateNew(guestConfig('pv', { maxVcpus: 3 }));
    await libxl.setVcpuOnline(domid, [0, 2]);
    const read = (cpu: number): Promise<string> =>
      withXenstore((xs) => xs.read(`/local/domain/${domid}/cpu/${cpu}/availability`));
    const available = await Promise.all([0, 1, 2].map(read));
    t.deepEqual(available, ['online', 'offline', 'online']);
    await t.throwsAsync(libxl.setVcpuOnline(domid, [0, 1, 2, 3]), { instanceOf: XenError });
  });
});
