// SPDX-License-Identifier: Apache-2.0
// Records of sandboxes differ in every member that must be unique.

import test from 'ava';
import { newContainerId, sandboxIdOf } from '../../../toolstack/base/ids.js';
import { newSandboxRecord } from '../../../toolstack/sandbox/record.js';
import { isThawUuid } from '../../../toolstack/xen/uuid.js';

function record(cpus = 1) {
  const id = sandboxIdOf(newContainerId());
  const given = { id, name: 'web', hostname: 'web', layers: ['/l/a'], inMemory: false };
  return newSandboxRecord(
    given,
    { type: 'pvh', memoryKib: 65536, cpus, growsBehind: false },
    new Set(),
  );
}

test('uuid, MAC and machine-id are new each time', (t) => {
  const [one, two] = [record(), record()];
  for (const field of ['uuid', 'mac', 'machineId'] as const) t.not(one[field], two[field]);
  t.true(isThawUuid(one.uuid));
  t.regex(one.machineId, /^[0-9a-f]{32}$/);
  t.is(one.domid, undefined);
});

test('a part of a CPU needs a whole vCPU', (t) => {
  t.is(record(0.5).vcpus, 1);
  t.is(record(1).vcpus, 1);
  t.is(record(1.5).vcpus, 2);
});
