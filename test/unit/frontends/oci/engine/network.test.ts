// SPDX-License-Identifier: Apache-2.0
// Most containers of a pod or without a network have loopback alone, and nothing is asked of anybody then.
import test from 'ava';
import { hasInterfaces } from '../../../../../toolstack/frontends/oci/engine/network.js';

const HEAD = 'Inter-|   Receive       |  Transmit\n face |bytes    packets |bytes    packets\n';

test('loopback alone is no interface', (t) => {
  t.false(hasInterfaces(`${HEAD}    lo:       0       0\n`));
  t.true(hasInterfaces(`${HEAD}    lo:       0       0\n  eth0: 1234 5\n`));
  t.false(hasInterfaces(''));
});
