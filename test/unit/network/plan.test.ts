// SPDX-License-Identifier: Apache-2.0
// A new network has a usable name. Its driver fills in the rest of its record.

import test from 'ava';
import { planNetwork } from '../../../toolstack/network/plan.js';
import type { NetworkRequest } from '../../../toolstack/network/request.js';

const driver = {
  name: 'test',
  plan: () => ({ bridge: 'b0', subnets: [], internal: true, own: 'field' }),
};
const plan = (request: NetworkRequest) => planNetwork(driver, request, []);

test('the record has the request’s part and the driver’s', (t) => {
  t.like(plan({ name: 'a', disableDns: true, labels: { team: 'db' } }), {
    name: 'a',
    driver: 'test',
    hasDns: false,
    labels: { team: 'db' },
    bridge: 'b0',
    internal: true,
    own: 'field',
  });
  t.true(plan({ name: 'a' }).hasDns);
});

test('a name that --network cannot take is refused', (t) => {
  for (const name of ['a b', 'none', '', '-a', 'x'.repeat(64)])
    t.throws(() => plan({ name }), { code: 'ERR_USAGE', message: new RegExp(`"${name}"`) });
});

test('the host’s ports are in the record, and only real ones are opened', (t) => {
  t.deepEqual(plan({ name: 'a', hostPorts: [{ port: 5432, protocol: 'tcp' }] }).hostPorts, [
    { port: 5432, protocol: 'tcp' },
  ]);
  t.false('hostPorts' in plan({ name: 'a' }));
  for (const port of [0, 65_536, 1.5])
    t.throws(() => plan({ name: 'a', hostPorts: [{ port, protocol: 'tcp' }] }), {
      code: 'ERR_USAGE',
    });
  const cni = { from: '--cni', text: '{}' };
  t.throws(() => plan({ name: 'a', cni, hostPorts: [{ port: 53, protocol: 'tcp' }] }), {
    code: 'ERR_USAGE',
  });
  const injected = '53 accept; tcp' as 'tcp';
  t.throws(() => plan({ name: 'a', hostPorts: [{ port: 53, protocol: injected }] }), {
    code: 'ERR_USAGE',
  });
});
