// SPDX-License-Identifier: Apache-2.0
// A namespace with loopback alone, as most containers of a pod have, costs no further requests.

import test from 'ava';
import { hasInterfaces } from '../../../../../toolstack/network/drivers/namespace/followed-namespace.js';

const HEAD = 'Inter-|   Receive       |  Transmit\n face |bytes    packets |bytes    packets\n';

test('loopback alone is no interface', (t) => {
  t.false(hasInterfaces(`${HEAD}    lo:       0       0\n`));
  t.true(hasInterfaces(`${HEAD}    lo:       0       0\n  eth0: 1234 5\n`));
  t.false(hasInterfaces(''));
});
