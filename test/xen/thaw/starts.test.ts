// SPDX-License-Identifier: Apache-2.0
// Starts of containers leave thawd and xenstore unchanged.

import test from 'ava';
import { holdings, isEmpty, type Holdings } from '../../support/dom0/leaks.js';
import { busybox, run, startThawd, stopWithPool, until } from '../../support/dom0/thaw.js';
import { long } from '../../support/long.js';

/** Later tests need thawd with its default options. */
test.after.always(async () => {
  await stopWithPool();
  await startThawd();
});

long('starts cost thawd no descriptor and xenstore no node', async (t) => {
  t.timeout(300_000);
  await stopWithPool();
  await startThawd(['--pool', '0', '--pool-max', '0']);
  const settled = (): Promise<Holdings> =>
    until('the domain of the last container to go', async () => {
      const found = await holdings();
      const nodes = found.xenstoreNodes.filter((path) =>
        /^\/(local\/domain|libxl)\/[1-9]/.test(path),
      );
      const isAlone = found.domains.length === 1 && found.shims.length === 0;
      // dom0 releases its resources after the domain is gone.
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
  // The name server's files are read and written a little later.
  const shown = ({ thawdDescriptors, xenstoreNodes }: typeof first) =>
    JSON.stringify([thawdDescriptors, xenstoreNodes]);
  const isAsBefore = async () => shown(await settled()) === shown(first);
  await until('it is as before', isAsBefore, 60_000).catch(() => undefined);
  const second = await settled();
  t.deepEqual(second.thawdDescriptors, first.thawdDescriptors);
  t.deepEqual(second.xenstoreNodes, first.xenstoreNodes);
});
