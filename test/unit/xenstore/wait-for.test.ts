// SPDX-License-Identifier: Apache-2.0
// Waiting for a value ends exactly when the value is there.

import test from 'ava';
import { until } from '../../support/within.js';
import { joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

test('a value that is there already is returned at once', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/state', '4');
  t.is(await client.waitFor('/state', (value) => value === '4'), '4');
  t.is(fake.leftovers.watches, 0);
});

test('the value is waited for through others, and through absence', async (t) => {
  const { client, fake } = await joinFake(t);
  const seen: (string | undefined)[] = [];
  const wait = client.waitFor('/dev/state', (value) => {
    seen.push(value);
    return value === '4';
  });
  for (const [index, value] of ['1', '2', '4'].entries()) {
    await until('the value before was seen', () => seen.length > index);
    fake.write('/dev/state', value);
  }
  t.is(await wait, '4');
  t.deepEqual(seen, [undefined, '1', '2', '4']);
});

test('the end of a node is waited for, a parent that goes included', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/backend/vif/1/0/state', '6');
  let looks = 0;
  const wait = client.waitFor('/backend/vif/1/0/state', (value) => {
    looks++;
    return value === undefined;
  });
  await until('it was looked at', () => looks > 0);
  fake.rm('/backend/vif/1');
  t.is(await wait, undefined);
});

test('at the deadline the error says what the value was', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/state', '3');
  const error = await rejectsWith(
    t,
    client.waitFor('/state', (value) => value === '4', { timeoutMs: 1000 }),
    'TIMEOUT',
  );
  t.is(error.message, 'Cannot wait for "/state": it was "3" after 1 s');
  t.is(fake.leftovers.watches, 0);
  const absent = client.waitFor('/none', (value) => value === '4', { timeoutMs: 50 });
  t.regex((await rejectsWith(t, absent, 'TIMEOUT')).message, /it did not exist after 0.05 s/);
});

test('a signal ends the wait with its reason', async (t) => {
  const { client, fake } = await joinFake(t);
  const controller = new AbortController();
  const wait = client.waitFor('/state', () => false, { signal: controller.signal });
  await until('it watches', () => fake.leftovers.watches === 1);
  const reason = new Error('the domain died');
  controller.abort(reason);
  t.is(await t.throwsAsync(wait), reason);
  await until('the watch is taken back', () => fake.leftovers.watches === 0);
});

test('what the predicate throws ends the wait', async (t) => {
  const { client, fake } = await joinFake(t);
  const reason = new Error('no such state');
  const wait = client.waitFor('/state', () => {
    throw reason;
  });
  t.is(await t.throwsAsync(wait), reason);
  t.is(fake.leftovers.watches, 0);
});

test('a lost connection ends the wait', async (t) => {
  const { client, fake } = await joinFake(t);
  const wait = client.waitFor('/state', () => false);
  await until('it watches', () => fake.leftovers.watches === 1);
  fake.disconnectAll();
  await rejectsWith(t, wait, 'CLOSED');
});
