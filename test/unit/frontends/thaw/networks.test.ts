// SPDX-License-Identifier: Apache-2.0
// A network can be removed as soon as its last container has ended, even while the container's domain is ending.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { networkEngine } from '../../../../toolstack/frontends/thaw/networks.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

test('who is going is waited for, who runs is not', async (t) => {
  const { services, manager, container, record } = await runningContainer(t);
  const { networks } = services.sandbox;
  const engine = networkEngine(networks, manager);
  await networks.create({ name: 'shop' });
  const attachment = await networks.attach({ network: 'shop', names: ['web'], ports: [] });
  record.sandbox.network = attachment;
  await t.throwsAsync(engine.networkRemove('shop'), { code: 'ERR_NETWORK_BUSY' });
  t.like(await engine.network('shop'), { containers: [{ name: 'web' }], isDefault: false });
  container.shimEvents.onExit(1, { kind: 'exited', code: 0 });
  await delay(1);
  const removing = engine.networkRemove('shop');
  await delay(50);
  t.is(networks.list().length, 2);
  networks.release(attachment);
  await removing;
  t.is(networks.list().length, 1);
});
