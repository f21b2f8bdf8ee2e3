// SPDX-License-Identifier: Apache-2.0
// A network has what was asked for, and the rest is nobody else's.

import test from 'ava';
import { planNetwork } from '../../../toolstack/network/plan.js';

test('without a wish it is the first subnet and bridge that are free', (t) => {
  const first = planNetwork({ name: 'a' }, [], ['192.0.2.9/24']);
  t.like(first, { bridge: 'thaw0', internal: false, hasDns: true });
  t.deepEqual(first.subnets, [{ subnet: '10.94.0.0/16', gateway: '10.94.0.1' }]);
  const second = planNetwork({ name: 'b' }, [first], ['10.95.7.1/20']);
  t.is(second.bridge, 'thaw1');
  t.is(second.subnets[0]?.subnet, '10.96.0.0/16');
});

test('subnets and gateways are those that were named', (t) => {
  const { subnets } = planNetwork(
    {
      ...{ name: 'a', subnets: ['10.1.2.0/24', 'fd00:1::/64'] },
      gateways: ['fd00:1::f', '10.1.2.254'],
    },
    [],
    [],
  );
  t.deepEqual(subnets, [
    { subnet: '10.1.2.0/24', gateway: '10.1.2.254' },
    { subnet: 'fd00:1::/64', gateway: 'fd00:1::f' },
  ]);
  t.is(planNetwork({ name: 'a', subnets: ['fd00:1::/64'] }, [], []).subnets.length, 1);
  const six = planNetwork({ name: 'a', ipv6: true }, [], []).subnets;
  t.is(six.length, 2);
  t.regex(six[1]?.subnet ?? '', /^fd[0-9a-f:]+\/64$/);
});

test('what cannot be is refused by name', (t) => {
  const wrong: [object, RegExp][] = [
    [{ name: 'a b' }, /"a b"/],
    [{ name: 'none' }, /"none"/],
    [{ name: 'a', subnets: ['10.1.2.1/24'] }, /--subnet 10\.1\.2\.1\/24/],
    [{ name: 'a', subnets: ['10.0.0.0/31'] }, /--subnet/],
    [{ name: 'a', subnets: ['192.0.2.0/25'] }, /--subnet 192\.0\.2\.0\/25.*this host/],
    [{ name: 'a', subnets: ['10.1.0.0/24', '10.2.0.0/24'] }, /one of IPv4/],
    [{ name: 'a', subnets: ['10.1.2.0/24'], gateways: ['10.1.3.1'] }, /--gateway 10\.1\.3\.1/],
    [{ name: 'a', gateways: ['x'] }, /--gateway x/],
  ];
  for (const [wish, message] of wrong)
    t.throws(() => planNetwork(wish as { name: string }, [], ['192.0.2.9/24']), { message });
});
