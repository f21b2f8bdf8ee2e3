// SPDX-License-Identifier: Apache-2.0
// Long lists of children are complete and consistent.

import test from 'ava';
import { listDirectory } from '../../../xenstore/directory.js';
import { errnoError } from '../../../xenstore/errors.js';
import { MessageType, type RequestType } from '../../../xenstore/wire.js';
import { joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

const names = Array.from({ length: 1500 }, (_, i) => `child-${i}`);

test('no children, and one', async (t) => {
  const { client, fake } = await joinFake(t);
  fake.write('/a', '');
  t.deepEqual(await client.directory('/a'), []);
  fake.write('/a/b', '');
  t.deepEqual(await client.directory('/a'), ['b']);
  t.deepEqual(await client.directory('/'), ['a']);
});

test('a list past 4096 bytes is read in parts', async (t) => {
  const { client, fake } = await joinFake(t);
  for (const name of names) fake.write(`/many/${name}`, '');
  t.deepEqual(await client.directory('/many'), names);
  const parts = fake.requests.filter((r) => r.type === MessageType.directoryPart);
  t.true(parts.length >= 4, `${parts.length} parts`);
});

test('a list that changes between two parts is read again from the start', async (t) => {
  let toAdd = 3;
  const { client, fake } = await joinFake(t, {
    intercept: ({ type, payload }) => {
      const isLater = type === MessageType.directoryPart && !payload.toString().endsWith('\x000\0');
      if (isLater && toAdd-- > 0) fake.write(`/many/new-${toAdd}`, '');
      return undefined;
    },
  });
  for (const name of names) fake.write(`/many/${name}`, '');
  t.deepEqual(await client.directory('/many'), [...names, 'new-2', 'new-1', 'new-0']);
});

test('a list that never stops changing is read in a transaction, which sees it as it was', async (t) => {
  let n = 0;
  const { client, fake } = await joinFake(t, {
    intercept: ({ type }) => {
      if (type === MessageType.directoryPart) fake.write(`/many/new-${n++}`, '');
      return undefined;
    },
  });
  for (const name of names) fake.write(`/many/${name}`, '');
  const seen = await client.directory('/many');
  t.deepEqual(seen.slice(0, names.length), names);
  // Eight attempts by parts came first, each disturbed by a change.
  t.true(
    seen.length > names.length &&
      seen.every((name, i) => i < names.length || name.startsWith('new-')),
  );
});

test('parts are read within a transaction too', async (t) => {
  const { client, fake } = await joinFake(t);
  for (const name of names) fake.write(`/many/${name}`, '');
  const listed = await client.transaction(async (tx) => {
    await tx.write('/many/in-tx', '');
    return tx.directory('/many');
  });
  t.deepEqual(listed, [...names, 'in-tx']);
});

test('oxenstored sends a long list whole over its socket', async (t) => {
  const { client, fake } = await joinFake(t, { flavour: 'ocaml' });
  for (const name of names) fake.write(`/many/${name}`, '');
  t.deepEqual(await client.directory('/many'), names);
});

test('without DIRECTORY_PART a list that does not fit is E2BIG', async (t) => {
  const answer = (type: RequestType) =>
    Promise.reject(
      errnoError(type === MessageType.directory ? 'E2BIG' : 'ENOSYS', 'list', '/many'),
    );
  await rejectsWith(t, listDirectory('/many', answer), 'E2BIG');
});

test('parts that are none are refused, and end the reading', async (t) => {
  for (const part of ['', '\0', '12', '12\0', '12\0name', '\0name\0\0', '12\0a\0\0b\0\0']) {
    let calls = 0;
    const answer = (type: RequestType) => {
      if (type === MessageType.directory) return Promise.reject(errnoError('E2BIG', 'list', '/m'));
      t.true(++calls < 3, JSON.stringify(part));
      return Promise.resolve(Buffer.from(part));
    };
    await rejectsWith(t, listDirectory('/m', answer), 'PROTOCOL');
  }
});

test('the empty list in parts is empty', async (t) => {
  const answer = (type: RequestType) =>
    type === MessageType.directory
      ? Promise.reject(errnoError('E2BIG', 'list', '/m'))
      : Promise.resolve(Buffer.from('12\0\0'));
  t.deepEqual(await listDirectory('/m', answer), []);
});
