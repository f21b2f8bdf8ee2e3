// SPDX-License-Identifier: Apache-2.0
// The real xenstored's lists of more than 4096 bytes arrive whole.

import { isXenstoreError, type XenstoreClient } from '../../../xenstore/index.js';
import { DEVICE, testBoth } from './both-transports.js';

const names = Array.from({ length: 900 }, (_, i) => `a-child-with-a-name-${i}`);

async function fill(client: XenstoreClient, root: string): Promise<void> {
  await client.writeAll(names.map((name) => ({ path: `${root}/many/${name}`, value: '' })));
}

testBoth('a list of about 20 KiB is whole', async (t, { client, root }) => {
  await fill(client, root);
  try {
    const listed = await client.directory(`${root}/many`);
    t.deepEqual(listed.sort(), [...names].sort());
  } catch (error) {
    // oxenstored has no DIRECTORY_PART, and over the kernel's ring it sends no long reply either.
    t.true(client.transportPath === DEVICE && isXenstoreError(error, 'E2BIG'), String(error));
    t.log(`this xenstored cannot list more than 4096 bytes over the ring: ${String(error)}`);
  }
});

testBoth('lists stay true while another client adds and removes', async (t, place) => {
  const { client, root } = place;
  await fill(client, root);
  const other = await place.another();
  let isDone = false;
  const changes = (async () => {
    for (let i = 0; !isDone; i++) {
      await other.write(`${root}/many/extra-${i}`, '');
      await other.rm(`${root}/many/extra-${i}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  try {
    for (let round = 0; round < 5; round++) {
      const listed = await client.directory(`${root}/many`).catch((error: unknown) => {
        if (isXenstoreError(error, 'E2BIG') && client.transportPath === DEVICE) return undefined;
        throw error;
      });
      if (listed === undefined) {
        t.log('this xenstored cannot list more than 4096 bytes over the ring');
        t.pass();
        break;
      }
      const steady = listed.filter((name) => !name.startsWith('extra-'));
      t.deepEqual(steady.sort(), [...names].sort());
      t.true(listed.length - steady.length <= 1);
    }
  } finally {
    isDone = true;
    await changes;
  }
});
