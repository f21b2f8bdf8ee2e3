// SPDX-License-Identifier: Apache-2.0
// A container's record as thawd writes it, for tests.

import { newContainerId, sandboxIdOf } from '../../../toolstack/base/ids.js';
import type { ContainerRecord } from '../../../toolstack/runtime/store/record.js';
import { newSandboxRecord } from '../../../toolstack/sandbox/record.js';

export function containerRecord(change: Partial<ContainerRecord> = {}): ContainerRecord {
  const id = newContainerId();
  const given = {
    id: sandboxIdOf(id),
    name: 'web',
    hostname: 'host',
    layers: ['/l/a.erofs'],
    inMemory: false,
  };
  return {
    id,
    name: 'web',
    image: 'busybox',
    imageId: 'sha256:00',
    command: ['sh'],
    created: 1,
    state: 'running',
    rm: false,
    flags: 0,
    cpus: 1,
    inGuest: sandboxIdOf(id),
    sandbox: newSandboxRecord(
      given,
      { type: 'pvh', memoryKib: 65536, cpus: 1, growsBehind: false },
      new Set(),
    ),
    ...change,
  };
}
