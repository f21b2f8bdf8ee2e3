// SPDX-License-Identifier: Apache-2.0
// Creates, lists, changes and destroys domains of each type through libxl. Each failure carries libxl's message.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { Libxl, XenError } from '../../../bindings/index.js';
import {
  GUEST_TYPES,
  guestConfig,
  guestName,
  ourDomains,
  untilRunning,
  withLibxl,
} from '../../support/xen/libxl-guest.js';
import { until } from '../../support/within.js';

test.serial('the host and the hypervisor tell what they are', async (t) => {
  await withLibxl(t, async (libxl) => {
    const version = await libxl.versionInfo();
    t.is(version.version, execFileSync('xl', ['info', 'xen_version'], { encoding: 'utf8' }).trim());
    t.is(version.pageSize, 4096);
    const info = await libxl.physinfo();
    t.is(String(info.nrCpus), execFileSync('xl', ['info', 'nr_cpus'], { encoding: 'utf8' }).trim());
    t.true(info.freeMemKib > 0 && info.freeMemKib < info.totalMemKib);
    t.true(info.capabilities.pv);
    const [dom0] = await libxl.listDomains();
    t.like(dom0, { domid: 0, name: 'Domain-0', dying: false });
    t.is(typeof dom0?.cpuTimeNs, 'bigint');
  });
});

for (const type of GUEST_TYPES) {
  test.serial(
    `a ${type} domain is made paused, boots, is renamed, paused, resumed and destroyed`,
    async (t) => {
      await withLibxl(t, async (libxl) => {
        const name = guestName();
        const domid = await libxl.domainCreateNew(guestConfig(type, { name }));
        t.like(await libxl.domainInfo(domid), { domid, name, paused: true, dying: false });
        await libxl.domainUnpause(domid);
        await untilRunning(domid);
        await libxl.domainRename(domid, name, `${name}-b`);
        await t.throwsAsync(libxl.domainRename(domid, name, `${name}-c`), { instanceOf: XenError });
        t.is((await libxl.domainInfo(domid)).name, `${name}-b`);
        await libxl.domainPause(domid);
        t.true((await libxl.domainInfo(domid)).paused);
        await libxl.domainUnpause(domid);
        t.false((await libxl.domainInfo(domid)).paused);
        const config = JSON.parse(await libxl.domainConfigFromDomid(domid)) as {
          c_info: { type: string; name: string };
        };
        t.like(config.c_info, { type, name: `${name}-b` });
        t.regex(
          execFileSync('xl', ['list'], { encoding: 'utf8' }),
          new RegExp(`^${name}-b +${domid} `, 'm'),
        );
        await libxl.domainDestroy(domid);
        // Xen's daemons release its rings when they learn of its end.
        await until('it is gone', async () =>
          (await libxl.listDomains()).every((domain) => domain.domid !== domid),
        );
        await t.throwsAsync(libxl.domainInfo(domid), { code: 'ERR_XEN_DOMAIN_NOTFOUND' });
      });
    },
  );
}

test.serial(
  'a config survives the round trip through libxl, and what is none is refused',
  async (t) => {
    await withLibxl(t, async (libxl) => {
      const text = await libxl.domainConfigDefaults(guestConfig('pvh', { name: 'round-trip' }));
      t.like(JSON.parse(text), { c_info: { type: 'pvh', name: 'round-trip' } });
      for (const bad of ['{', '[]', '"x"', { c_info: { type: 'pv' } }, {}]) {
        await t.throwsAsync(libxl.domainConfigDefaults(bad), { code: 'ERR_XEN_INVAL' });
      }
      const mixed = { ...guestConfig('pv'), b_info: { 'type.pvh': {} } };
      await t.throwsAsync(libxl.domainCreateNew(mixed), { code: 'ERR_XEN_INVAL' });
    });
  },
);

test.serial('a failed create carries libxl’s own words and leaves nothing', async (t) => {
  await withLibxl(t, async (libxl) => {
    const config = guestConfig('pv') as { b_info: { kernel: string } };
    config.b_info.kernel = '/nonexistent/vmlinux';
    const error = await t.throwsAsync(libxl.domainCreateNew(config), { instanceOf: XenError });
    t.is(error.op, 'libxl_domain_create_new');
    t.true(error.rc < 0);
    t.true(
      error.details.some((line) => line.includes('/nonexistent/vmlinux')),
      error.message,
    );
    t.deepEqual(await ourDomains(libxl), []);
  });
});

test.serial('a name in use and a host too small are refused', async (t) => {
  await withLibxl(t, async (libxl) => {
    const name = guestName();
    await libxl.domainCreateNew(guestConfig('pv', { name }));
    const twice = await t.throwsAsync(libxl.domainCreateNew(guestConfig('pv', { name })), {
      instanceOf: XenError,
    });
    t.regex(twice.details.join('\n'), /name|already/i);
    const huge = guestConfig('pv', { memoryMib: 1024 * 1024 });
    await t.throwsAsync(libxl.domainCreateNew(huge), { instanceOf: XenError });
  });
});

test.serial('calls on a domain that is not there reject with libxl’s name for it', async (t) => {
  await withLibxl(t, async (libxl) => {
    const domid = 32000;
    const calls: Array<() => Promise<unknown>> = [
      () => libxl.domainInfo(domid),
      () => libxl.domainPause(domid),
      () => libxl.domainUnpause(domid),
      () => libxl.domainShutdown(domid),
      () => libxl.domainDestroy(domid),
      () => libxl.domainResume(domid),
      () => libxl.domainSuspend(domid, 1),
      () => libxl.domainRename(domid, null, 'x'),
      () => libxl.setMemoryTarget(domid, 65536),
      () => libxl.setVcpuOnline(domid, [0]),
      () => libxl.setMaxMemory(domid, 65536),
      () => libxl.setPagingMempool(domid, 1 << 20),
      () => libxl.domainAccounting(domid),
      () => libxl.xcDomainDestroy(domid),
      () => libxl.xcDomainUnpause(domid),
      () => libxl.domainConfigFromDomid(domid),
    ];
    for (const call of calls) {
      const error = await t.throwsAsync(call(), { instanceOf: XenError }, call.toString());
      t.regex(error?.code ?? '', /^ERR_XEN_[A-Z_]+$/);
      t.is(error?.domid, domid);
      t.log(error?.message);
    }
    await t.throwsAsync(libxl.domainInfo(domid), { code: 'ERR_XEN_DOMAIN_NOTFOUND' });
  });
});

test.serial('wrong arguments are TypeErrors and reach nothing', async (t) => {
  await withLibxl(t, async (libxl) => {
    for (const domid of [-1, 1.5, NaN, 0x7ff0, '0', undefined] as number[]) {
      await t.throwsAsync(libxl.domainInfo(domid), { instanceOf: TypeError });
      t.throws(() => libxl.onDomainDeath(domid, () => {}), { instanceOf: TypeError });
    }
    await t.throwsAsync(libxl.setVcpuOnline(0, []), { instanceOf: TypeError });
    await t.throwsAsync(libxl.setVcpuOnline(0, [-1]), { instanceOf: TypeError });
    await t.throwsAsync(libxl.setMemoryTarget(0, -5), { instanceOf: TypeError });
    await t.throwsAsync(libxl.domainRename(0, null, ''), { instanceOf: TypeError });
    await t.throwsAsync(libxl.domainSuspend(0, 12345), { instanceOf: TypeError });
    await t.throwsAsync(libxl.domainCreateNew('a\0b'), { instanceOf: TypeError });
  });
});

test.serial('a closed context refuses calls, and closing twice is one closing', async (t) => {
  const libxl = await Libxl.open();
  const closing = libxl.close();
  t.is(libxl.close(), closing);
  await closing;
  await t.throwsAsync(libxl.listDomains(), { code: 'ERR_XEN_CLOSED' });
  t.throws(() => libxl.onDomainDeath(1, () => {}), { code: 'ERR_XEN_CLOSED' });
});
