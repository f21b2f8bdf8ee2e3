// SPDX-License-Identifier: Apache-2.0
// Runs last in each suite that uses thaw: every resource that thaw acquired is released.

import test from 'ava';
import { Libxl } from '../../../bindings/index.js';
import { holdings, isEmpty } from '../../support/dom0/leaks.js';
import { longOnce } from '../../support/long.js';
import { remains } from '../../support/dom0/remains.js';
import {
  busybox,
  killThawd,
  poolFilled,
  run,
  startThawd,
  stopThawd,
  stopWithPool,
} from '../../support/dom0/thaw.js';

/** Each of these tests stops thawd. Later tests need a running one. */
test.after.always(() => startThawd());

test.serial(
  'when thawd ends, no domain, node, loop device, mount, mapping, link, cgroup, rule, file or process is left',
  async (t) => {
    t.timeout(300_000);
    await run([busybox, 'true']);
    await stopWithPool();
    const left = await holdings();
    isEmpty(t, left);
    t.is(left.spawners, 0);
    t.deepEqual(await remains(), {
      processes: [],
      links: [],
      networkNamespaces: [],
      cgroups: [],
      records: [],
      halfMade: [],
      rules: [],
    });
  },
);

longOnce(
  'what xenstore has of a domain that ended without a thawd, the next one removes',
  async (t) => {
    t.timeout(300_000);
    await startThawd(['--pool', '1', '--pool-max', '1']);
    await poolFilled(1);
    await killThawd();
    const { domains } = await holdings();
    const domid = domains.map((line) => line.split(' ')[0] ?? '').find((id) => id !== '0') ?? '';
    // Not through xl, which removes the records of the domain it destroys.
    const libxl = await Libxl.open();
    await libxl.xcDomainDestroy(Number(domid));
    await libxl.close();
    const nodes = async () =>
      (await holdings()).xenstoreNodes.filter((path) => path.startsWith(`/local/domain/${domid}/`));
    t.true((await nodes()).length > 0);
    await startThawd(['--pool', '0', '--pool-max', '0']);
    t.deepEqual(await nodes(), []);
    isEmpty(t, await holdings());
    await stopThawd();
  },
);

longOnce('clones that waited for a killed thawd go when the next one starts', async (t) => {
  t.timeout(300_000);
  await startThawd(['--pool', '2']);
  await poolFilled(2);
  await killThawd();
  t.is((await holdings()).shims.length, 2);
  await startThawd(['--pool', '0', '--pool-max', '0']);
  isEmpty(t, await holdings());
  await stopThawd();
});
