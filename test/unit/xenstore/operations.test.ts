// SPDX-License-Identifier: Apache-2.0
// Node operations send the right requests, and refuse invalid ones.

import test from 'ava';
import { permissions } from '../../../xenstore/index.js';
import { joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

test('text and bytes are written and read as they are', async (t) => {
  const { client } = await joinFake(t);
  await client.write('/a/text', 'grüße');
  t.is(await client.read('/a/text'), 'grüße');
  const bytes = Buffer.from([0, 255, 0, 10]);
  await client.write('/a/bytes', bytes);
  t.deepEqual(await client.readBuffer('/a/bytes'), bytes);
  await client.write('/a/empty', '');
  t.is(await client.read('/a/empty'), '');
});

test('writing makes the parents, with empty values', async (t) => {
  const { client } = await joinFake(t);
  await client.write('/a/b/c', '1');
  t.is(await client.read('/a/b'), '');
  t.deepEqual(await client.directory('/a'), ['b']);
});

test('a missing node is ENOENT, or undefined where that was asked for', async (t) => {
  const { client } = await joinFake(t);
  const error = await rejectsWith(t, client.read('/none'), 'ENOENT');
  t.deepEqual([error.op, error.path], ['read', '/none']);
  t.is(await client.readIfExists('/none'), undefined);
  await rejectsWith(t, client.directory('/none'), 'ENOENT');
  await rejectsWith(t, client.getPermissions('/none'), 'ENOENT');
});

test('mkdir leaves an existing node as it is', async (t) => {
  const { client } = await joinFake(t);
  await client.write('/a', '1');
  await client.mkdir('/a');
  t.is(await client.read('/a'), '1');
});

test('rm takes all below, may be repeated, and needs the parent', async (t) => {
  const { client, fake } = await joinFake(t);
  await client.write('/a/b/c', '1');
  await client.rm('/a/b');
  await client.rm('/a/b');
  t.deepEqual([...fake.store.nodes.keys()], ['/', '/a']);
  await rejectsWith(t, client.rm('/none/b'), 'ENOENT');
});

test('permissions are set and read back in order', async (t) => {
  const { client } = await joinFake(t);
  const wanted = permissions(3, 'none', { domid: 0, access: 'both' }, { domid: 7, access: 'read' });
  await client.write('/a', '');
  await client.setPermissions('/a', wanted);
  t.deepEqual(await client.getPermissions('/a'), wanted);
});

test('a list of permissions without an owner is refused before it is sent', async (t) => {
  const { client, fake } = await joinFake(t);
  await rejectsWith(t, client.setPermissions('/a', []), 'ARGUMENT');
  await rejectsWith(t, client.setPermissions('/a', permissions(70000, 'none')), 'ARGUMENT');
  t.is(fake.requests.length, 0);
});

test('path and value together may fill the payload and no more', async (t) => {
  const { client, fake } = await joinFake(t);
  const room = 4096 - '/a\0'.length;
  await client.write('/a', 'x'.repeat(room));
  t.is(fake.text('/a')?.length, room);
  const error = await rejectsWith(t, client.write('/a', 'x'.repeat(room + 1)), 'PAYLOAD');
  t.regex(error.message, /Cannot write "\/a": path and value have 4097 bytes, the limit is 4096/);
  await rejectsWith(t, client.write('/a', 'ä'.repeat(room / 2 + 1)), 'PAYLOAD');
  t.is(fake.connections.size, 1, 'the connection was not cut');
});

test('a bad path or a NUL in a text never reaches xenstored', async (t) => {
  const { client, fake } = await joinFake(t);
  const bad = '/a\0b';
  for (const call of [
    client.read(bad),
    client.readBuffer(bad),
    client.readIfExists(bad),
    client.write(bad, ''),
    client.mkdir(bad),
    client.rm(bad),
    client.directory(bad),
    client.getPermissions(bad),
    client.setPermissions(bad, permissions(0, 'none')),
    client.watch(bad),
    client.waitFor(bad, () => true),
    client.writeAll([{ path: bad, value: '' }]),
  ])
    await rejectsWith(t, call, 'PATH');
  const error = await rejectsWith(t, client.write('/a', 'b\0c'), 'VALUE');
  t.regex(error.message, /Cannot write "\/a": the text holds a NUL/);
  t.is(fake.requests.length, 0);
});

test('a tree is written with one wait, in order, values and permissions', async (t) => {
  const { client, fake } = await joinFake(t);
  const entries = Array.from({ length: 200 }, (_, i) => ({ path: `/tree/${i}`, value: `${i}` }));
  await client.writeAll([{ path: '/tree', permissions: permissions(0, 'read') }, ...entries]);
  t.is(fake.requests.length, 202);
  t.deepEqual(
    await client.directory('/tree'),
    entries.map((_, i) => String(i)),
  );
  t.deepEqual(fake.store.nodes.get('/tree/7')?.permissions, ['r0']);
});

test('writing a tree fails with the first failure, after all have ended', async (t) => {
  const { client, fake } = await joinFake(t, { domid: 5 });
  fake.write('/mine/x', '');
  fake.store.setPermissions('/mine', ['n5'], 0);
  const entries = ['/mine/1', '/theirs', '/mine/2', '/also-theirs'];
  const error = await rejectsWith(
    t,
    client.writeAll(entries.map((path) => ({ path, value: 'v' }))),
    'EACCES',
  );
  t.is(error.path, '/theirs');
  t.deepEqual([fake.text('/mine/1'), fake.text('/mine/2')], ['v', 'v']);
});

test('a domain without the right is told so', async (t) => {
  const { client, fake } = await joinFake(t, { domid: 5 });
  fake.write('/secret', 'x');
  await rejectsWith(t, client.read('/secret'), 'EACCES');
  await rejectsWith(t, client.write('/secret', 'y'), 'EACCES');
  fake.store.setPermissions('/secret', ['n0', 'r5'], 0);
  t.is(await client.read('/secret'), 'x');
});

for (const errno of ['ENOSPC', 'EQUOTA']) {
  test(`a used-up quota is ${errno} as the daemon names it`, async (t) => {
    const quota = { nodes: 3, nodeBytes: 100, errno };
    const { client, fake } = await joinFake(t, {
      domid: 5,
      quota,
      maxWatches: 1,
      maxTransactions: 1,
    });
    fake.write('/d', '');
    fake.store.setPermissions('/d', ['n5'], 0);
    await client.write('/d/1', '');
    await client.write('/d/2', '');
    await rejectsWith(t, client.write('/d/3', ''), errno);
    await rejectsWith(t, client.mkdir('/d/3'), errno);
    const tooLarge = errno === 'EQUOTA' ? 'E2BIG' : errno;
    await rejectsWith(t, client.write('/d/1', 'x'.repeat(101)), tooLarge);
    await client.watch('/d');
    await rejectsWith(t, client.watch('/d'), errno);
    await client.transaction(async (tx) => {
      await tx.read('/d');
      await rejectsWith(
        t,
        client.transaction(async (second) => second.read('/d')),
        errno,
      );
    });
    t.is(await client.read('/d'), '', 'the connection goes on');
  });
}
