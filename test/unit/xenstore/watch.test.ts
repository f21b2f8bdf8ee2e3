// SPDX-License-Identifier: Apache-2.0
// Events reach their watchers in order, and stop on request.

import test from 'ava';
import { INTRODUCE_DOMAIN, RELEASE_DOMAIN, type Watch } from '../../../xenstore/index.js';
import { MessageType } from '../../../xenstore/wire.js';
import { encode } from '../../support/xenstore/fake-xenstored-connection.js';
import { eventually, joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

async function take(watch: Watch, count: number): Promise<string[]> {
  const paths: string[] = [];
  while (paths.length < count) {
    const result = await watch.next();
    if (result.done === true) break;
    paths.push(result.value.path);
  }
  return paths;
}

test('the first event comes at once, then each change at or below the path, in order', async (t) => {
  const { client, fake } = await joinFake(t);
  const watch = await client.watch('/a');
  for (const path of ['/a/3', '/ab', '/a/1', '/b', '/a', '/a/2']) fake.write(path, '');
  t.deepEqual(await take(watch, 5), ['/a', '/a/3', '/a/1', '/a', '/a/2'].slice(0, 5));
});

test('removal of a parent is an event for the watched path', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/a/b/c', '');
  const watch = await client.watch('/a/b/c');
  t.deepEqual(await take(watch, 1), ['/a/b/c']);
  fake.rm('/a');
  t.deepEqual(await take(watch, 1), ['/a/b/c']);
});

test('leaving the loop takes the watch back', async (t) => {
  const { client, fake } = await joinFake(t);
  for await (const { path } of await client.watch('/a')) {
    t.is(path, '/a');
    t.is(fake.leftovers.watches, 1);
    break;
  }
  t.is(fake.leftovers.watches, 0);
});

test('a callback takes events in order until unwatch', async (t) => {
  const { client, fake } = await joinFake(t);
  const seen: string[] = [];
  const watch = await client.watch('/a', { onEvent: ({ path }) => seen.push(path) });
  for (let i = 0; i < 100; i++) fake.write(`/a/${i}`, '');
  await eventually(t, 'all events are here', () => seen.length === 101);
  t.deepEqual(seen, ['/a', ...Array.from({ length: 100 }, (_, i) => `/a/${i}`)]);
  await watch.unwatch();
  await watch.unwatch();
  fake.write('/a/late', '');
  await client.read('/a');
  t.is(seen.length, 101);
  t.is(fake.leftovers.watches, 0);
});

test('no event comes after unwatch was called, also when one is on its way', async (t) => {
  const { client, fake } = await joinFake(t);
  const seen: string[] = [];
  const watch = await client.watch('/a', { onEvent: ({ path }) => seen.push(path) });
  await client.getDomainPath(0);
  t.deepEqual(seen, ['/a']);
  fake.write('/a', '');
  await watch.unwatch();
  t.deepEqual(seen, ['/a']);
});

test('a reader that waits when the watch is taken back is told that it is over', async (t) => {
  const { client } = await joinFake(t);
  const watch = await client.watch('/a');
  await take(watch, 1);
  const next = watch.next();
  await watch.unwatch();
  t.deepEqual(await next, { done: true, value: undefined });
  t.deepEqual(await watch.next(), { done: true, value: undefined });
});

test('several watches of one path each get every event', async (t) => {
  const { client, fake } = await joinFake(t);
  const watches = await Promise.all([client.watch('/a'), client.watch('/a'), client.watch('/')]);
  fake.write('/a', '1');
  t.deepEqual(await take(watches[0], 1), ['/a']);
  t.deepEqual(await take(watches[1], 1), ['/a']);
  t.deepEqual(await take(watches[2], 2), ['/', '/a']);
  await watches[0].unwatch();
  t.is(fake.leftovers.watches, 2);
});

test('introduced and released domains are events of the special paths', async (t) => {
  const { client } = await joinFake(t);
  const introduced = await client.watch(INTRODUCE_DOMAIN);
  const released = await client.watch(RELEASE_DOMAIN);
  await take(introduced, 1);
  await take(released, 1);
  await client.introduce(7, 1000, 3);
  t.deepEqual(await take(introduced, 1), ['@introduceDomain']);
  await client.release(7);
  t.deepEqual(await take(released, 1), ['@releaseDomain']);
});

test('a lost connection rejects the reader after the events that came before', async (t) => {
  const { client, fake } = await joinFake(t);
  const watch = await client.watch('/a');
  fake.write('/a/1', '');
  await client.read('/a');
  fake.disconnectAll();
  await client.ended;
  t.deepEqual(await take(watch, 2), ['/a', '/a/1']);
  await rejectsWith(t, watch.next(), 'CLOSED');
  await watch.unwatch();
});

test('closing the client ends its watches', async (t) => {
  const { client } = await joinFake(t);
  const watch = await client.watch('/a');
  await take(watch, 1);
  const next = watch.next();
  await client.close();
  await rejectsWith(t, next, 'CLOSED');
});

test('a signal takes the watch back and gives the reader its reason', async (t) => {
  const { client, fake } = await joinFake(t);
  const controller = new AbortController();
  const watch = await client.watch('/a', { signal: controller.signal });
  await take(watch, 1);
  const next = watch.next();
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(next), reason);
  await eventually(t, 'the watch is gone', () => fake.leftovers.watches === 0);
});

test('a watch whose reply is overdue is taken back', async (t) => {
  const { client, fake } = await joinFake(t, {
    intercept: ({ type, payload }, connection) => {
      if (type !== MessageType.watch) return undefined;
      const [path = '', token = ''] = payload.toString().split('\0');
      connection.watches.push({ path, token });
      return 'drop';
    },
  });
  await rejectsWith(t, client.watch('/a', { timeoutMs: 50 }), 'TIMEOUT');
  await eventually(t, 'the watch is gone', () => fake.leftovers.watches === 0);
});

test('the first event is not lost when it overtakes the reply', async (t) => {
  const { client } = await joinFake(t, {
    intercept: ({ type, requestId, payload }) =>
      type === MessageType.watch
        ? Buffer.concat([
            encode(MessageType.watchEvent, 0xdead, 0xbeef, payload),
            encode(type, requestId, 0, Buffer.from('OK\0')),
          ])
        : undefined,
  });
  t.deepEqual(await take(await client.watch('/a'), 1), ['/a']);
});

test('a reader that sleeps through a hundred thousand events has bounded work to do', async (t) => {
  const { client, fake } = await joinFake(t);
  const watch = await client.watch('/a');
  const token = [...fake.connections][0]?.watches[0]?.token ?? '';
  for (let i = 0; i < 100_000; i++)
    for (const connection of fake.connections)
      connection.send(encode(MessageType.watchEvent, 0, 0, Buffer.from(`/a/${i}\0${token}\0`)));
  await client.read('/').catch(() => undefined);
  await watch.unwatch();
  const left: string[] = [];
  for await (const { path } of watch) left.push(path);
  t.true(left.length <= 4096, `${left.length} events`);
  t.is(left[0], '/a');
  t.is(left.at(-1), '/a/99999');
});
