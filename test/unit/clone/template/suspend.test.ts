// SPDX-License-Identifier: Apache-2.0
// A failed copy keeps no memory. Xen and the agents tell which domains are frozen.

import { ftruncateSync, readlinkSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { XS_STATE } from '../../../../toolstack/agent/wire.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { closeFd } from '../../../../toolstack/clone/template/memfd.js';
import { copyDomain, standsStill } from '../../../../toolstack/clone/template/suspend.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';
import { pvhStream } from '../../../support/xen/template-stream.js';
import { joinFake } from '../../../support/xenstore/xenstore.js';

const domid = asDomid(9);

function memoryFiles(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).includes('memfd:thaw-');
    } catch {
      return false;
    }
  }).length;
}

test.serial(
  'what is copied is the trimmed stream; what cannot be copied leaves no file',
  async (t) => {
    const libxl = new FakeLibxl();
    const host = fakeXenHost(libxl);
    const before = memoryFiles();
    libxl.onSuspend = (fd) => writeFileSync(`/proc/self/fd/${fd}`, pvhStream());
    const { fd, bytes } = await copyDomain(host, domid, 65536);
    t.true(bytes > 0);
    t.is(memoryFiles(), before + 1);
    closeFd(fd);
    libxl.onSuspend = (raw) => writeFileSync(`/proc/self/fd/${raw}`, 'no stream');
    await t.throwsAsync(copyDomain(host, domid, 65536), { code: 'ERR_XEN_BAD_STREAM' });
    libxl.onSuspend = () => {
      throw new Error('no suspend');
    };
    await t.throwsAsync(copyDomain(host, domid, 65536), { message: 'no suspend' });
    // Sparse, as a guest's memory may be without further cost.
    libxl.onSuspend = (raw) => ftruncateSync(raw, 2 ** 30);
    libxl.suspends = (signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('cut'))));
    await t.throwsAsync(copyDomain(host, domid, 65536), { code: 'ERR_COPY', message: /336 MiB/ });
    // A larger domain may have that much memory. The only error left is the invalid stream.
    libxl.suspends = () => delay(1200);
    await t.throwsAsync(copyDomain(host, domid, 2 ** 20), { code: 'ERR_XEN_BAD_STREAM' });
    t.is(memoryFiles(), before);
  },
);

test('suspended or frozen it stands still, shut down for another reason or of another uuid not', async (t) => {
  const { client } = await joinFake(t);
  const libxl = new FakeLibxl();
  const host = fakeXenHost(libxl, client);
  const still = (): Promise<boolean> => standsStill(host, domid, 'u');
  t.false(await still());
  libxl.add({ domid: 9, uuid: 'u', name: 'web', shutdown: true, shutdownReason: 'suspend' });
  t.true(await still());
  libxl.add({ domid: 9, uuid: 'other', name: 'web', shutdown: true, shutdownReason: 'suspend' });
  t.false(await still());
  libxl.add({ domid: 9, uuid: 'u', name: 'web', shutdown: true, shutdownReason: 'crash' });
  t.false(await still());
  await client.write(`/local/domain/9/${XS_STATE}`, 'frozen');
  t.true(await still());
});
