// SPDX-License-Identifier: Apache-2.0
// A transaction is retried on a conflict, aborted on failure, and never left open.

import test from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageType } from '../../../xenstore/wire.js';
import { encode } from '../../support/xenstore/fake-xenstored-connection.js';
import { eventually, joinClient, joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

test('the body runs again when another client changed what it read', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/counter', '5');
  let attempts = 0;
  await client.transaction(async (tx) => {
    const seen = Number(await tx.read('/counter'));
    if (++attempts === 1) fake.write('/counter', '10');
    await tx.write('/counter', String(seen + 1));
  });
  t.is(attempts, 2);
  t.is(fake.text('/counter'), '11');
  t.is(fake.leftovers.transactions, 0);
});

test('twenty clients that count up at once lose no count', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/counter', '0');
  const clients = await Promise.all(Array.from({ length: 20 }, () => joinClient(t, fake.path)));
  await Promise.all(
    [client, ...clients].map((each) =>
      each.transaction(async (tx) =>
        tx.write('/counter', String(Number(await tx.read('/counter')) + 1)),
      ),
    ),
  );
  t.is(fake.text('/counter'), '21');
});

test('after the last attempt it is EAGAIN', async (t) => {
  const { client, fake } = await joinFake(t);
  let attempts = 0;
  const error = await rejectsWith(
    t,
    client.transaction(
      async (tx) => {
        await tx.readIfExists('/a');
        fake.write('/a', String(++attempts));
        await tx.write('/a', 'mine');
      },
      { maxAttempts: 4 },
    ),
    'EAGAIN',
  );
  t.is(attempts, 4);
  t.regex(error.message, /in 4 attempts/);
  t.is(fake.text('/a'), '4');
});

test('conflicts without end stop at the deadline', async (t) => {
  const { client, fake } = await joinFake(t);
  let n = 0;
  await rejectsWith(
    t,
    client.transaction(
      async (tx) => {
        await tx.readIfExists('/a');
        fake.write('/a', String(n++));
        await tx.write('/a', 'mine');
      },
      { timeoutMs: 1000, maxAttempts: Infinity },
    ),
    'TIMEOUT',
  );
  t.true(n > 1);
  await eventually(t, 'no transaction is open', () => fake.leftovers.transactions === 0);
});

test('EAGAIN for a call within the transaction starts it again too', async (t) => {
  let refusals = 2;
  const { client, fake } = await joinFake(t, {
    intercept: ({ type, requestId, txId }) =>
      type === MessageType.write && refusals-- > 0
        ? encode(MessageType.error, requestId, txId, Buffer.from('EAGAIN\0'))
        : undefined,
  });
  await client.transaction((tx) => tx.write('/a', '1'));
  t.is(fake.text('/a'), '1');
  t.is(fake.leftovers.transactions, 0);
});

test('what the body throws comes through, and nothing is committed', async (t) => {
  const { client, fake } = await joinFake(t);
  const reason = new Error('changed its mind');
  const error = await t.throwsAsync(
    client.transaction(async (tx) => {
      await tx.write('/a', '1');
      throw reason;
    }),
  );
  t.is(error, reason);
  t.is(fake.text('/a'), undefined);
  t.is(fake.leftovers.transactions, 0);
});

test('a body that throws before it returns a promise ends its transaction too', async (t) => {
  const { client, fake } = await joinFake(t);
  const reason = new Error('at once');
  const body = (): Promise<void> => {
    throw reason;
  };
  t.is(await t.throwsAsync(client.transaction(body)), reason);
  t.is(fake.leftovers.transactions, 0);
});

test('a body that never ends is stopped at the deadline, and its transaction discarded', async (t) => {
  const { client, fake } = await joinFake(t);
  await rejectsWith(
    t,
    client.transaction(
      async (tx) => {
        await tx.write('/a', '1');
        await new Promise(() => undefined);
      },
      { timeoutMs: 50 },
    ),
    'TIMEOUT',
  );
  t.is(fake.text('/a'), undefined);
  await eventually(t, 'no transaction is open', () => fake.leftovers.transactions === 0);
});

test('a signal discards the transaction', async (t) => {
  const { client, fake } = await joinFake(t);
  const controller = new AbortController();
  const reason = new Error('stop');
  const call = client.transaction(
    async (tx) => {
      await tx.write('/a', '1');
      controller.abort(reason);
      await sleep(1000);
    },
    { signal: controller.signal },
  );
  t.is(await t.throwsAsync(call), reason);
  t.is(fake.text('/a'), undefined);
  t.is(fake.leftovers.transactions, 0);
});

test('a transaction that starts after its deadline is discarded', async (t) => {
  let answer = (): void => undefined;
  const { client, fake } = await joinFake(t, {
    intercept: ({ type, requestId }, connection) => {
      if (type !== MessageType.transactionStart) return undefined;
      connection.transactions.set(9, fake.store.begin());
      answer = () => connection.send(encode(type, requestId, 0, Buffer.from('9\0')));
      return 'drop';
    },
  });
  await rejectsWith(
    t,
    client.transaction(async () => {}, { timeoutMs: 30 }),
    'TIMEOUT',
  );
  await eventually(t, 'it was asked for', () => fake.leftovers.transactions === 1);
  answer();
  await eventually(t, 'it is discarded', () => fake.leftovers.transactions === 0);
});

test('its events come when it is committed, all together', async (t) => {
  const { client, fake } = await joinFake(t);
  const other = await joinClient(t, fake.path);
  const seen: string[] = [];
  await other.watch('/a', { onEvent: ({ path }) => seen.push(path) });
  await client.transaction(async (tx) => {
    await tx.write('/a/1', '');
    await tx.write('/a/2', '');
    await other.read('/').catch(() => undefined);
    t.deepEqual(seen, ['/a']);
  });
  await eventually(t, 'the events are here', () => seen.length === 3);
  t.deepEqual(seen, ['/a', '/a/1', '/a/2']);
});
