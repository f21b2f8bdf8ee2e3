// SPDX-License-Identifier: Apache-2.0
// After everything else, in each suite that runs thaw: nothing of what it acquired is left.

import test, { type ExecutionContext } from 'ava';
import { Libxl } from '../../../bindings/index.js';
import { holdings, type Holdings } from '../../support/leaks.js';
import { longOnce, longOnPv } from '../../support/long.js';
import {
  busybox,
  killThawd,
  poolFilled,
  run,
  startThawd,
  stopThawd,
  stopWithPool,
  until,
} from '../../support/thaw.js';

function isEmpty(t: ExecutionContext, found: Holdings): void {
  t.deepEqual(
    found.domains.map((line) => line.split(' ')[0]),
    ['0'],
  );
  t.deepEqual(
    found.xenstoreNodes.filter(
      (path) =>
        /^\/(vm|libxl)\/./.test(path) ||
        /^\/local\/domain\/[1-9]/.test(path) ||
        /^\/local\/domain\/0\/backend\/[^/]+\//.test(path),
    ),
    [],
  );
  t.deepEqual(found.loopDevices, []);
  t.deepEqual(found.mounts, []);
  t.deepEqual(found.shims, []);
  t.deepEqual(found.libxlHelpers, []);
  t.deepEqual(
    found.runFiles.filter((path) => path.includes('/sandboxes/')),
    [],
  );
  t.deepEqual(
    found.stateFiles.filter((path) => path.includes('/containers/')),
    [],
  );
  t.deepEqual(found.mappings, []);
}

/** What comes after these tests, each of which ends it, finds one that runs. */
test.after.always(() => startThawd());

test.serial(
  'when thawd ends, no domain, node, loop device, mount, mapping, file or process is left',
  async (t) => {
    t.timeout(300_000);
    await run([busybox, 'true']);
    await stopWithPool();
    const left = await holdings();
    isEmpty(t, left);
    t.is(left.spawners, 0);
  },
);

longOnPv('starts cost thawd no descriptor and xenstore no node', async (t) => {
  t.timeout(300_000);
  await startThawd(['--pool', '0', '--pool-max', '0']);
  const settled = (): Promise<Holdings> =>
    until('the domain of the last container to go', async () => {
      const found = await holdings();
      const nodes = found.xenstoreNodes.filter((path) =>
        /^\/(local\/domain|libxl)\/[1-9]/.test(path),
      );
      const isAlone = found.domains.length === 1 && found.shims.length === 0;
      // What dom0 has of it goes after the domain.
      const files = [...found.runFiles, ...found.stateFiles].filter((path) =>
        /\/(sandboxes|containers)\//.test(path),
      );
      const isLeft =
        nodes.length + files.length + found.loopDevices.length + found.mounts.length > 0;
      return isAlone && !isLeft ? found : undefined;
    });
  await run([busybox, 'true']);
  const first = await settled();
  isEmpty(t, first);
  for (let i = 0; i < 3; i++) await run([busybox, 'true']);
  const second = await settled();
  t.deepEqual(second.thawdDescriptors, first.thawdDescriptors);
  t.deepEqual(second.xenstoreNodes, first.xenstoreNodes);
  await stopThawd();
});

longOnce(
  'what xenstore has of a domain that ended without a thawd, the next one removes',
  async (t) => {
    t.timeout(300_000);
    await startThawd(['--pool', '1', '--pool-max', '1']);
    await poolFilled(1);
    await killThawd();
    const { domains } = await holdings();
    const domid = domains.map((line) => line.split(' ')[0] ?? '').find((id) => id !== '0') ?? '';
    // Not by xl, which removes the records of what it destroys.
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
