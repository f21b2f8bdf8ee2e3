// SPDX-License-Identifier: Apache-2.0
// Node operations behave the same on the real xenstored.

import { execFileSync } from 'node:child_process';
import { isXenstoreError, permissions } from '../../../xenstore/index.js';
import { rejectsWith } from '../../support/xenstore/xenstore.js';
import { DEVICE, testBoth } from './both-transports.js';

testBoth('text, bytes and empty values come back as they were', async (t, { client, root }) => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
  await client.write(`${root}/text`, 'grüße');
  await client.write(`${root}/bytes`, bytes);
  await client.write(`${root}/empty`, '');
  t.is(await client.read(`${root}/text`), 'grüße');
  t.deepEqual(await client.readBuffer(`${root}/bytes`), bytes);
  t.is(await client.read(`${root}/empty`), '');
});

testBoth(
  'Xen’s own xenstore-read and xenstore-write see the same nodes',
  async (t, { client, root }) => {
    await client.write(`${root}/a/b`, 'ours');
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { encoding: 'utf8' }).trim();
    t.is(run('xenstore-read', `${root}/a/b`), 'ours');
    run('xenstore-write', `${root}/a/c`, 'theirs');
    t.is(await client.read(`${root}/a/c`), 'theirs');
    t.deepEqual((await client.directory(`${root}/a`)).sort(), ['b', 'c']);
  },
);

testBoth('missing nodes are ENOENT', async (t, { client, root }) => {
  await rejectsWith(t, client.read(`${root}/none`), 'ENOENT');
  await rejectsWith(t, client.directory(`${root}/none`), 'ENOENT');
  await rejectsWith(t, client.getPermissions(`${root}/none`), 'ENOENT');
  await rejectsWith(t, client.rm(`${root}/none/below`), 'ENOENT');
  t.is(await client.readIfExists(`${root}/none`), undefined);
});

testBoth(
  'mkdir keeps what is there, rm takes all below and may be repeated',
  async (t, { client, root }) => {
    await client.write(`${root}/a/b`, '1');
    await client.mkdir(`${root}/a/b`);
    t.is(await client.read(`${root}/a/b`), '1');
    await client.rm(`${root}/a`);
    await client.rm(`${root}/a`);
    t.is(await client.readIfExists(`${root}/a/b`), undefined);
  },
);

testBoth('permissions come back as they were set', async (t, { client, root }) => {
  const wanted = permissions(
    0,
    'none',
    { domid: 0, access: 'both' },
    { domid: 1, access: 'write' },
  );
  await client.mkdir(`${root}/p`);
  await client.setPermissions(`${root}/p`, wanted);
  t.deepEqual(await client.getPermissions(`${root}/p`), wanted);
  await client.mkdir(`${root}/p/child`);
  t.deepEqual(await client.getPermissions(`${root}/p/child`), wanted, 'children inherit them');
});

testBoth('special paths have permissions too', async (t, { client }) => {
  try {
    const list = await client.getPermissions('@releaseDomain');
    t.true(list.length >= 1);
  } catch (error) {
    // oxenstored keeps no permissions for special paths.
    t.true(isXenstoreError(error, 'ENOENT') || isXenstoreError(error, 'EINVAL'), String(error));
    t.log(`this xenstored has no permissions for special paths: ${String(error)}`);
  }
});

testBoth(
  'path and value may fill the payload, within the limit of the daemon',
  async (t, place) => {
    const { client, root } = place;
    const room = (client.transportPath === DEVICE ? 4080 : 4096) - `${root}/v\0`.length;
    await client.write(`${root}/v`, 'x'.repeat(2048));
    await rejectsWith(t, client.write(`${root}/v`, 'x'.repeat(room + 1)), 'PAYLOAD');
    try {
      await client.write(`${root}/v`, 'y'.repeat(room));
      t.is(await client.read(`${root}/v`), 'y'.repeat(room));
    } catch (error) {
      // oxenstored also holds the control domain to its quota of 2048 bytes a value.
      t.true(isXenstoreError(error, 'E2BIG'), String(error));
      t.log(`this xenstored has a quota for the control domain: ${String(error)}`);
      t.is(await client.read(`${root}/v`), 'x'.repeat(2048));
    }
  },
);

testBoth('a tree is written with one wait, values and permissions', async (t, { client, root }) => {
  const entries = Array.from({ length: 300 }, (_, i) => ({
    path: `${root}/tree/n${i}`,
    value: `value ${i}`,
  }));
  await client.writeAll([
    { path: `${root}/tree`, permissions: permissions(0, 'read') },
    ...entries,
  ]);
  const names = await client.directory(`${root}/tree`);
  t.is(names.length, 300);
  t.is(await client.read(`${root}/tree/n299`), 'value 299');
  t.deepEqual(await client.getPermissions(`${root}/tree/n7`), permissions(0, 'read'));
});

testBoth('a thousand calls at once each get their own answer', async (t, { client, root }) => {
  await client.writeAll(
    Array.from({ length: 1000 }, (_, i) => ({ path: `${root}/n/${i}`, value: `value ${i}` })),
  );
  const values = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => client.read(`${root}/n/${i}`)),
  );
  t.deepEqual(
    values,
    values.map((_, i) => `value ${i}`),
  );
});
