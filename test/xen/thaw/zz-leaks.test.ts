// SPDX-License-Identifier: Apache-2.0
// After everything else (AVA takes files in the order of their names): nothing of what thaw acquired is left.

import test from 'ava';
import { holdings } from '../../support/leaks.js';
import { busybox, run } from '../../support/thaw.js';

test.serial(
  'no domain, node, loop device, mount, mapping, file or process is left, and starts cost no descriptor',
  async (t) => {
    t.timeout(300_000);
    await run([busybox, 'true']);
    const first = await holdings();
    t.deepEqual(
      first.domains.map((line) => line.split(' ')[0]),
      ['0'],
    );
    t.deepEqual(
      first.xenstoreNodes.filter(
        (path) => /^\/(vm|libxl)\/./.test(path) || /^\/local\/domain\/[1-9]/.test(path),
      ),
      [],
    );
    t.deepEqual(
      first.xenstoreNodes.filter((path) => /^\/local\/domain\/0\/backend\/[^/]+\//.test(path)),
      [],
    );
    t.deepEqual(first.loopDevices, []);
    t.deepEqual(first.mounts, []);
    t.deepEqual(first.shims, []);
    t.deepEqual(first.libxlHelpers, []);
    t.deepEqual(
      first.runFiles.filter((path) => path.includes('/sandboxes/')),
      [],
    );
    t.deepEqual(
      first.stateFiles.filter((path) => path.includes('/containers/')),
      [],
    );
    t.deepEqual(first.mappings, []);

    for (let i = 0; i < 3; i++) await run([busybox, 'true']);
    const second = await holdings();
    t.deepEqual(second.thawdDescriptors, first.thawdDescriptors);
    t.deepEqual(second.domains, first.domains);
    t.deepEqual(second.xenstoreNodes, first.xenstoreNodes);
  },
);
