// SPDX-License-Identifier: Apache-2.0
// Each call gets its own reply, once, whatever order, delay or garbage comes from xenstored.

import test from 'ava';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageType } from '../../../xenstore/wire.js';
import { encode } from '../../support/xenstore/fake-xenstored-connection.js';
import type { FakeRequest } from '../../support/xenstore/fake-xenstored.js';
import { until } from '../../support/within.js';
import { joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

function pathOf(request: FakeRequest): string {
  return request.payload.toString().split('\0')[0] ?? '';
}

test('a thousand calls at once are answered each with its own', async (t) => {
  const { client, fake } = await joinFake(t);
  for (let i = 0; i < 1000; i++) fake.write(`/n/${i}`, `value ${i}`);
  const values = await Promise.all(Array.from({ length: 1000 }, (_, i) => client.read(`/n/${i}`)));
  t.deepEqual(
    values,
    values.map((_, i) => `value ${i}`),
  );
});

test('replies in another order reach the right calls', async (t) => {
  const held: FakeRequest[] = [];
  const { client } = await joinFake(t, {
    intercept: (request, connection) => {
      held.push(request);
      if (held.length === 5)
        for (const { type, requestId, payload } of held.reverse())
          connection.send(encode(type, requestId, 0, payload.subarray(0, -1)));
      return 'drop';
    },
  });
  const paths = ['/1', '/2', '/3', '/4', '/5'];
  t.deepEqual(await Promise.all(paths.map((path) => client.read(path))), paths);
});

test('a reply cut anywhere is put together', async (t) => {
  const { client } = await joinFake(t, {
    intercept: ({ type, requestId }, connection) => {
      const bytes = encode(type, requestId, 0, Buffer.from('the value'));
      void (async () => {
        for (const byte of bytes) {
          connection.send(Buffer.from([byte]));
          await sleep(1);
        }
      })();
      return 'drop';
    },
  });
  t.is(await client.read('/a'), 'the value');
});

test('a call without an answer ends at its deadline and its late reply harms nobody', async (t) => {
  const held: FakeRequest[] = [];
  const { client, fake } = await joinFake(t, {
    intercept: (request) =>
      pathOf(request) === '/slow' ? (held.push(request), 'drop') : undefined,
  });
  const error = await rejectsWith(t, client.read('/slow', { timeoutMs: 1000 }), 'TIMEOUT');
  t.regex(error.message, /Cannot read "\/slow": no answer from xenstored within 1 s/);
  for (const connection of fake.connections)
    connection.send(encode(MessageType.read, held[0]!.requestId, 0, Buffer.from('late')));
  fake.write('/quick', 'yes');
  t.is(await client.read('/quick'), 'yes');
});

test('calls that name no deadline have that of the client', async (t) => {
  const { client } = await joinFake(t, { timeoutMs: 2000, intercept: () => 'drop' });
  await rejectsWith(t, client.read('/a'), 'TIMEOUT');
});

test('a signal ends a call with its reason, before and after it was sent', async (t) => {
  const { client, fake } = await joinFake(t, { intercept: () => 'drop' });
  const reason = new Error('not needed any more');
  const early = await t.throwsAsync(client.read('/a', { signal: AbortSignal.abort(reason) }));
  t.is(early, reason);
  t.is(fake.requests.length, 0);
  const controller = new AbortController();
  const call = client.read('/a', { signal: controller.signal });
  controller.abort(reason);
  t.is(await t.throwsAsync(call), reason);
  const other = new AbortController();
  const cancelled = client.read('/a', { signal: other.signal });
  other.abort('a text');
  await rejectsWith(t, cancelled, 'ABORTED');
});

test('closing rejects the calls that wait, and those that come later', async (t) => {
  const { client } = await joinFake(t, { intercept: () => 'drop' });
  const waiting = [client.read('/a'), client.write('/b', ''), client.transaction(async () => {})];
  await client.close();
  for (const call of waiting) await rejectsWith(t, call, 'CLOSED');
  const error = await rejectsWith(t, client.read('/late'), 'CLOSED');
  t.is(error.message, 'Cannot read "/late": the connection is closed');
  t.is(await client.ended, undefined);
  await client.close();
});

test('a xenstored that goes away rejects the calls that wait and says so', async (t) => {
  const { client, fake } = await joinFake(t, { intercept: () => 'drop' });
  const call = client.read('/a');
  await sleep(20);
  fake.disconnectAll();
  const error = await rejectsWith(t, call, 'CLOSED');
  t.is(error.message, 'Cannot read "/a": the connection has ended');
  t.is((await client.ended)?.code, 'ERR_XENSTORE_CLOSED');
  await rejectsWith(t, client.read('/a'), 'CLOSED');
});

const malformed: [string, (request: FakeRequest) => Buffer][] = [
  ['a reply to no request', (r) => encode(r.type, r.requestId + 1000, 0, Buffer.alloc(0))],
  ['a reply of another type', (r) => encode(MessageType.write, r.requestId, 0, Buffer.alloc(0))],
  ['a reply of an unknown type', (r) => encode(999, r.requestId, 0, Buffer.alloc(0))],
  ['an errno that is none', (r) => encode(MessageType.error, r.requestId, 0, Buffer.from('oh\0'))],
  ['an errno that is binary', (r) => encode(MessageType.error, r.requestId, 0, Buffer.alloc(9))],
  ['an empty errno', (r) => encode(MessageType.error, r.requestId, 0, Buffer.alloc(0))],
  ['an event without a token', () => encode(MessageType.watchEvent, 0, 0, Buffer.from('/a\0'))],
  ['an event without NULs', () => encode(MessageType.watchEvent, 0, 0, Buffer.from('/a'))],
  [
    'an event with a third string',
    () => encode(MessageType.watchEvent, 0, 0, Buffer.from('a\0b\0c\0')),
  ],
  ['a length without bounds', () => Buffer.alloc(16, 0xff)],
];

for (const [what, make] of malformed) {
  test(`${what} ends the connection with ERR_XENSTORE_PROTOCOL`, async (t) => {
    const { client, fake } = await joinFake(t, { intercept: (request) => make(request) });
    const calls = [client.read('/a'), client.read('/b')];
    for (const call of calls) await rejectsWith(t, call, 'PROTOCOL');
    t.is((await client.ended)?.code, 'ERR_XENSTORE_PROTOCOL');
    const later = await rejectsWith(t, client.read('/c'), 'CLOSED');
    t.is((later.cause as { code?: string }).code, 'ERR_XENSTORE_PROTOCOL');
    await until('the socket is closed', () => fake.connections.size === 0);
  });
}

test('an event for a token that nobody has is ignored', async (t) => {
  const { client, fake } = await joinFake(t);
  for (const connection of fake.connections)
    connection.send(encode(MessageType.watchEvent, 77, 88, Buffer.from('/a\0no-such-token\0')));
  fake.write('/a', '1');
  t.is(await client.read('/a'), '1');
});
