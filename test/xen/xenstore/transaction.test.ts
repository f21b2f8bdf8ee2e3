// SPDX-License-Identifier: Apache-2.0
// Transactions on the real xenstored are isolated and atomic.

import { rejectsWith } from '../../support/xenstore/xenstore.js';
import { testBoth } from './both-transports.js';

testBoth('changes are seen outside when committed, not before', async (t, place) => {
  const { client, root } = place;
  const other = await place.another();
  await client.transaction(async (tx) => {
    await tx.write(`${root}/a`, '1');
    t.is(await tx.read(`${root}/a`), '1');
    t.is(await other.readIfExists(`${root}/a`), undefined);
  });
  t.is(await other.read(`${root}/a`), '1');
});

testBoth('a second client that is faster makes the body run again', async (t, place) => {
  const { client, root } = place;
  const other = await place.another();
  await client.write(`${root}/counter`, '5');
  let attempts = 0;
  await client.transaction(async (tx) => {
    const seen = Number(await tx.read(`${root}/counter`));
    if (++attempts === 1) await other.write(`${root}/counter`, '10');
    await tx.write(`${root}/counter`, String(seen + 1));
  });
  t.is(attempts, 2);
  t.is(await client.read(`${root}/counter`), '11');
});

testBoth('after the last attempt it is EAGAIN', async (t, place) => {
  const { client, root } = place;
  const other = await place.another();
  await client.write(`${root}/a`, '0');
  let attempts = 0;
  await rejectsWith(
    t,
    client.transaction(
      async (tx) => {
        await tx.read(`${root}/a`);
        await other.write(`${root}/a`, `other ${++attempts}`);
        await tx.write(`${root}/a`, 'mine');
      },
      { maxAttempts: 3 },
    ),
    'EAGAIN',
  );
  t.is(attempts, 3);
  t.is(await client.read(`${root}/a`), 'other 3');
});

testBoth('four clients that count up lose no count', async (t, place) => {
  const { client, root } = place;
  await client.write(`${root}/counter`, '0');
  const clients = [client, await place.another(), await place.another(), await place.another()];
  await Promise.all(
    clients.map(async (each) => {
      for (let i = 0; i < 10; i++)
        await each.transaction(
          async (tx) => {
            const seen = Number(await tx.read(`${root}/counter`));
            await tx.write(`${root}/counter`, String(seen + 1));
          },
          { maxAttempts: 1000, timeoutMs: 120_000 },
        );
    }),
  );
  t.is(await client.read(`${root}/counter`), '40');
});

testBoth('what the body throws leaves nothing', async (t, { client, root }) => {
  const reason = new Error('changed its mind');
  const error = await t.throwsAsync(
    client.transaction(async (tx) => {
      await tx.write(`${root}/a`, '1');
      throw reason;
    }),
  );
  t.is(error, reason);
  t.is(await client.readIfExists(`${root}/a`), undefined);
});

testBoth('a device tree is written in one transaction', async (t, { client, root }) => {
  const entries = Array.from({ length: 120 }, (_, i) => ({
    path: `${root}/device/vif/${i % 4}/key-${i}`,
    value: String(i),
  }));
  await client.transaction((tx) => tx.writeAll(entries));
  t.is(await client.read(`${root}/device/vif/3/key-119`), '119');
  t.is((await client.directory(`${root}/device/vif/0`)).length, 30);
});
