// SPDX-License-Identifier: Apache-2.0
// A bridge network has the subnets that its user names, and free ones otherwise.

import test from 'ava';
import { planBridge } from '../../../../../toolstack/network/drivers/bridge/plan.js';
import type { NetworkRecord } from '../../../../../toolstack/network/record.js';

const recordOf = (plan: ReturnType<typeof planBridge>): NetworkRecord => ({
  name: 'a',
  driver: 'bridge',
  hasDns: true,
  labels: {},
  created: 0,
  ...plan,
});

test('by default a network gets the first free subnet and bridge', (t) => {
  const first = planBridge({ name: 'a' }, [], ['192.0.2.9/24']);
  t.like(first, { bridge: 'thaw0', internal: false });
  t.deepEqual(first.subnets, [{ subnet: '10.94.0.0/16', gateway: '10.94.0.1' }]);
  const second = planBridge({ name: 'b' }, [recordOf(first)], ['10.95.7.1/20']);
  t.is(second.bridge, 'thaw1');
  t.is(second.subnets[0]?.subnet, '10.96.0.0/16');
});

test('subnets and gateways are those that were named', (t) => {
  const { subnets } = planBridge(
    {
      name: 'a',
      subnets: ['10.1.2.0/24', 'fd00:1::/64'],
      gateways: ['fd00:1::f', '10.1.2.254'],
    },
    [],
    [],
  );
  t.deepEqual(subnets, [
    { subnet: '10.1.2.0/24', gateway: '10.1.2.254' },
    { subnet: 'fd00:1::/64', gateway: 'fd00:1::f' },
  ]);
  t.is(planBridge({ name: 'a', subnets: ['fd00:1::/64'] }, [], []).subnets.length, 1);
  const six = planBridge({ name: 'a', ipv6: true }, [], []).subnets;
  t.is(six.length, 2);
  t.regex(six[1]?.subnet ?? '', /^fd[0-9a-f:]+\/64$/);
});

test('what cannot be is refused by name', (t) => {
  const wrong: [object, RegExp][] = [
    [{ name: 'a', subnets: ['10.1.2.1/24'] }, /--subnet 10\.1\.2\.1\/24/],
    [{ name: 'a', subnets: ['10.0.0.0/31'] }, /--subnet/],
    [{ name: 'a', subnets: ['192.0.2.0/25'] }, /--subnet 192\.0\.2\.0\/25.*this host/],
    [{ name: 'a', subnets: ['10.1.0.0/24', '10.2.0.0/24'] }, /one of IPv4/],
    [{ name: 'a', subnets: ['10.1.2.0/24'], gateways: ['10.1.3.1'] }, /--gateway 10\.1\.3\.1/],
    [{ name: 'a', gateways: ['x'] }, /--gateway x/],
  ];
  for (const [request, message] of wrong)
    t.throws(() => planBridge(request as { name: string }, [], ['192.0.2.9/24']), { message });
});
