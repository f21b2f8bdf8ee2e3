// SPDX-License-Identifier: Apache-2.0
// The client makes xenstored's domain requests as Xen's tools do.

import test from 'ava';
import { MessageType } from '../../../xenstore/wire.js';
import { encode } from '../../support/xenstore/fake-xenstored-connection.js';
import { joinFake, rejectsWith } from '../../support/xenstore/xenstore.js';

test('a domain is introduced, asked after, resumed and released', async (t) => {
  const { client, fake } = await joinFake(t);
  t.false(await client.isIntroduced(7));
  await client.introduce(7, 0xfeffcn, 1);
  t.is(fake.requests.at(-1)?.payload.toString(), '7\x001044476\x001\0');
  t.true(await client.isIntroduced(7));
  await client.resume(7);
  await client.release(7);
  t.false(await client.isIntroduced(7));
  await rejectsWith(t, client.resume(7), 'ENOENT');
  await rejectsWith(t, client.release(7), 'ENOENT');
});

test('a domain has a path whether it exists or not', async (t) => {
  const { client } = await joinFake(t);
  t.is(await client.getDomainPath(0), '/local/domain/0' as never);
  t.is(await client.getDomainPath(12345), '/local/domain/12345' as never);
});

test('what is no domid, frame or port never reaches xenstored', async (t) => {
  const { client, fake } = await joinFake(t);
  for (const domid of [-1, 65536, 0.5]) {
    await rejectsWith(t, client.isIntroduced(domid), 'ARGUMENT');
    await rejectsWith(t, client.getDomainPath(domid), 'ARGUMENT');
    await rejectsWith(t, client.release(domid), 'ARGUMENT');
    await rejectsWith(t, client.resume(domid), 'ARGUMENT');
    await rejectsWith(t, client.introduce(domid, 1, 1), 'ARGUMENT');
  }
  for (const [gfn, port] of [
    [-1, 1],
    [1.5, 1],
    [NaN, 1],
    [1, 0],
    [1, -1],
    [1, 1.5],
  ] as const)
    await rejectsWith(t, client.introduce(7, gfn, port), 'ARGUMENT');
  t.is(fake.requests.length, 0);
});

test('an answer that is none is refused and the connection goes on', async (t) => {
  const { client, fake } = await joinFake(t, {
    intercept: ({ type, requestId }) => {
      const answers: Record<number, string> = {
        [MessageType.isDomainIntroduced]: 'maybe\0',
        [MessageType.getDomainPath]: 'a\0b\0',
        [MessageType.getPerms]: 'x9\0',
      };
      const answer = answers[type];
      return answer === undefined ? undefined : encode(type, requestId, 0, Buffer.from(answer));
    },
  });
  await rejectsWith(t, client.isIntroduced(7), 'PROTOCOL');
  await rejectsWith(t, client.getDomainPath(7), 'PROTOCOL');
  await rejectsWith(t, client.getPermissions('/'), 'PROTOCOL');
  fake.write('/a', '1');
  t.is(await client.read('/a'), '1');
});
