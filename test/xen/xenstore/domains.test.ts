// SPDX-License-Identifier: Apache-2.0
// xenstored and the client agree about domains.

import { isXenstoreError } from '../../../xenstore/index.js';
import { testBoth } from './both-transports.js';

// Xen assigns domids from 1 up to 0x7fef; the tests start far fewer domains.
const NO_DOMAIN = 32000;

testBoth('domain 0 is introduced, a domain that does not exist is not', async (t, { client }) => {
  t.true(await client.isIntroduced(0));
  t.false(await client.isIntroduced(NO_DOMAIN));
});

testBoth('a domain has a path, whether it exists or not', async (t, { client }) => {
  t.is(await client.getDomainPath(0), '/local/domain/0' as never);
  t.is(await client.getDomainPath(NO_DOMAIN), `/local/domain/${NO_DOMAIN}` as never);
});

testBoth(
  'a domain that does not exist cannot be introduced, resumed or released',
  async (t, { client }) => {
    for (const call of [
      client.introduce(NO_DOMAIN, 1000, 1),
      client.resume(NO_DOMAIN),
      client.release(NO_DOMAIN),
    ]) {
      const error: unknown = await t.throwsAsync(call);
      // Xen's two daemons name this error differently.
      t.true(isXenstoreError(error, 'ENOENT') || isXenstoreError(error, 'EINVAL'), String(error));
    }
    t.false(await client.isIntroduced(NO_DOMAIN));
  },
);
