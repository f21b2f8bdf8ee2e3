// SPDX-License-Identifier: Apache-2.0
// Ownership of devices: they are ending from a container's end on, and free when its domain is destroyed.
import test from 'ava';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import { giveBackAtEnd } from '../../../../../toolstack/frontends/oci/verbs/create.js';
import type {
  OciRecord,
  OciStore,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import type { Sandbox } from '../../../../../toolstack/sandbox/sandbox.js';
import { until } from '../../../../support/within.js';

test('devices are going as soon as it ends, and free when its domain is gone', async (t) => {
  const record = { id: 'one', key: 'k', state: 'running', cgroup: '' } as OciRecord;
  const store = { save: () => Promise.resolve() } as unknown as OciStore;
  const container = new OciContainer(record, store, silentLog());
  let goes: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => (goes = resolve));
  container.sandbox = { destroy: () => gone } as unknown as Sandbox;
  const said: string[] = [];
  const devices = {
    give: () => Promise.resolve(),
    adopt: () => Promise.resolve(),
    ends: (key: string) => void said.push(`ends ${key}`),
    takeBack: (key: string) => void said.push(`back ${key}`),
  };
  giveBackAtEnd(devices, container);
  const ended = container.kill();
  await until('it is going', () => said.length > 0);
  t.deepEqual(said, ['ends k']);
  goes();
  await ended;
  await until('it is gone', () => said.length > 1);
  t.deepEqual(said, ['ends k', 'back k']);
});
