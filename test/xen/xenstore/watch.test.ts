// SPDX-License-Identifier: Apache-2.0
// Watches and waits receive changes from the real xenstored in order.

import { RELEASE_DOMAIN, INTRODUCE_DOMAIN, type Watch } from '../../../xenstore/index.js';
import { eventually, rejectsWith } from '../../support/xenstore/xenstore.js';
import { testBoth } from './both-transports.js';

async function take(watch: Watch, count: number): Promise<string[]> {
  const paths: string[] = [];
  while (paths.length < count) {
    const result = await watch.next();
    if (result.done === true) break;
    paths.push(result.value.path);
  }
  return paths;
}

testBoth('events come in the order of the changes, after a first one at once', async (t, place) => {
  const { client, root } = place;
  const other = await place.another();
  const watch = await client.watch(root);
  t.deepEqual(await take(watch, 1), [root]);
  const paths = Array.from({ length: 200 }, (_, i) => `${root}/n${i}`);
  await other.writeAll(paths.map((path) => ({ path, value: '1' })));
  t.deepEqual(await take(watch, 200), paths);
  await watch.unwatch();
});

testBoth('a commit fires the events of all its changes', async (t, place) => {
  const { client, root } = place;
  const other = await place.another();
  const watch = await client.watch(root);
  await take(watch, 1);
  await other.transaction(async (tx) => {
    await tx.write(`${root}/1`, '');
    await tx.write(`${root}/2`, '');
  });
  t.deepEqual((await take(watch, 2)).sort(), [`${root}/1`, `${root}/2`]);
  await watch.unwatch();
});

testBoth('the removal of a parent is an event for the watched path', async (t, place) => {
  const { client, root } = place;
  await client.write(`${root}/a/b/c`, '');
  const watch = await client.watch(`${root}/a/b/c`);
  await take(watch, 1);
  await (await place.another()).rm(`${root}/a`);
  t.deepEqual(await take(watch, 1), [`${root}/a/b/c`]);
  await watch.unwatch();
});

testBoth('after unwatch nothing comes', async (t, place) => {
  const { client, root } = place;
  const seen: string[] = [];
  const watch = await client.watch(root, { onEvent: ({ path }) => seen.push(path) });
  await eventually(t, 'the first event', () => seen.length === 1);
  await watch.unwatch();
  await client.write(`${root}/late`, '');
  await client.read(`${root}/late`);
  t.deepEqual(seen, [root]);
});

testBoth('the special paths can be watched', async (t, { client }) => {
  for (const path of [INTRODUCE_DOMAIN, RELEASE_DOMAIN]) {
    const watch = await client.watch(path);
    t.deepEqual(await take(watch, 1), [path]);
    await watch.unwatch();
  }
});

testBoth('a hundred watches live side by side with calls', async (t, { client, root }) => {
  const paths = Array.from({ length: 100 }, (_, i) => `${root}/w${i}`);
  const started = Promise.all(paths.map((path) => client.watch(path)));
  const written = client.writeAll(paths.map((path) => ({ path, value: '0' })));
  const watches = await started;
  await written;
  await client.writeAll(paths.map((path) => ({ path, value: '1' })));
  for (const [i, watch] of watches.entries()) t.deepEqual(await take(watch, 1), [paths[i] ?? '']);
  await Promise.all(watches.map((watch) => watch.unwatch()));
});

testBoth('a state is waited for', async (t, place) => {
  const { client, root } = place;
  const other = await place.another();
  const wait = client.waitFor(`${root}/state`, (value) => value === '4');
  for (const value of ['1', '2', '3', '4']) await other.write(`${root}/state`, value);
  t.is(await wait, '4');
  const gone = client.waitFor(`${root}/state`, (value) => value === undefined);
  await other.rm(`${root}/state`);
  t.is(await gone, undefined);
  const never = client.waitFor(`${root}/state`, (value) => value === '4', { timeoutMs: 300 });
  await rejectsWith(t, never, 'TIMEOUT');
});
