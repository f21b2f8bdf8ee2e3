// SPDX-License-Identifier: Apache-2.0
// Visibility and use of one attempt at a transaction.

import test from 'ava';
import type { Transaction } from '../../../xenstore/index.js';
import { MessageType } from '../../../xenstore/wire.js';
import { joinClient, joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

test('changes are seen inside at once, outside only when committed', async (t) => {
  const { client, fake } = await joinFake(t);
  const other = await joinClient(t, fake.path);
  const result = await client.transaction(async (tx) => {
    await tx.write('/a/b', '1');
    t.is(await tx.read('/a/b'), '1');
    t.is(await other.readIfExists('/a/b'), undefined);
    return 'result';
  });
  t.is(result, 'result');
  t.is(await other.read('/a/b'), '1');
  t.is(fake.leftovers.transactions, 0);
});

test('all requests of the body carry the id of the transaction', async (t) => {
  const { client, fake } = await joinFake(t);
  await client.transaction(async (tx) => {
    await tx.writeAll([{ path: '/a', value: '1', permissions: [{ domid: 0, access: 'none' }] }]);
    await tx.directory('/');
    await tx.getPermissions('/a');
    await tx.mkdir('/b');
    await tx.rm('/a');
    t.is(await tx.readIfExists('/a'), undefined);
  });
  const [start, ...rest] = fake.requests;
  t.is(start?.txId, 0);
  t.is(rest.length, 8);
  t.deepEqual([...new Set(rest.map((request) => request.txId))], [1]);
});

test('two transactions of one client do not see each other', async (t) => {
  const { client, fake } = await joinFake(t);
  await client.transaction(async (outer) => {
    await outer.write('/outer', '1');
    await client.transaction(async (inner) => {
      t.is(await inner.readIfExists('/outer'), undefined);
      t.not(inner.id, outer.id);
    });
  });
  t.is(fake.text('/outer'), '1');
});

test('a transaction is not usable after its end', async (t) => {
  const { client, fake } = await joinFake(t);
  let kept: Transaction | undefined;
  await client.transaction(async (tx) => {
    kept = tx;
    await tx.write('/a', '1');
  });
  const error = await rejectsWith(t, kept!.write('/a', '2'), 'TRANSACTION');
  t.is(error.message, 'Cannot write "/a": its transaction has ended');
  t.is(fake.text('/a'), '1');
});

test('what the body did not wait for is waited for before the commit', async (t) => {
  const { client, fake } = await joinFake(t);
  await client.transaction(async (tx) => {
    await Promise.resolve();
    for (let i = 0; i < 50; i++) void tx.write(`/a/${i}`, '');
  });
  t.is(fake.store.nodes.get('/a')?.children.length, 50);
  t.is(fake.requests.at(-1)?.type, MessageType.transactionEnd);
});

test('a call of one transaction can have a signal of its own', async (t) => {
  const { client, fake } = await joinFake(t);
  const reason = new Error('enough');
  const error = await t.throwsAsync(
    client.transaction((tx) => tx.write('/a', '1', { signal: AbortSignal.abort(reason) })),
  );
  t.is(error, reason);
  t.is(fake.text('/a'), undefined);
  t.is(fake.leftovers.transactions, 0);
});

test('a transaction id that is none is refused', async (t) => {
  const { client } = await joinFake(t, {
    intercept: ({ type, requestId }) => {
      if (type !== MessageType.transactionStart) return undefined;
      const bytes = Buffer.from(`${'\x06\0\0\0'}....\0\0\0\0\x04\0\0\0abc\0`, 'latin1');
      bytes.writeUInt32LE(requestId, 4);
      return bytes;
    },
  });
  const error = await rejectsWith(
    t,
    client.transaction(async () => {}),
    'PROTOCOL',
  );
  t.regex(error.message, /Cannot start a transaction: xenstored answered "abc\\u0000"/);
});
