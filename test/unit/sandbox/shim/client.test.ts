// SPDX-License-Identifier: Apache-2.0
// thawd receives reports from its shims, sends requests with a deadline, and survives a shim that dies, refuses or sends nonsense.

import test, { type ExecutionContext } from 'ava';
import { ApiType, type ExitStatus } from '../../../../toolstack/api/wire.js';
import { decodeFields } from '../../../../toolstack/base/frame.js';
import { ShimClient } from '../../../../toolstack/sandbox/shim/client.js';
import { exitBytes, expectFrame, FakeShim, sendStatus } from '../../../support/shim/fake-shim.js';
import { until } from '../../../support/within.js';

async function connected(t: ExecutionContext) {
  const shim = await FakeShim.start();
  t.teardown(() => shim.close());
  const news: unknown[] = [];
  const events = {
    onExit: (process: number, exit: ExitStatus) => void news.push(['exit', process, exit]),
    onLost: (reason: string) => void news.push(['lost', reason]),
    onGone: () => void news.push('gone'),
  };
  const client = await ShimClient.connect(shim.path, events, 1000);
  t.teardown(() => client.close());
  return { shim, client, news, peer: await shim.peer() };
}

test('a status comes back with its processes', async (t) => {
  const { client, peer } = await connected(t);
  const asked = client.status();
  await expectFrame(peer, ApiType.STATUS);
  const process = Buffer.concat([exitBytes(1, 256 + 3), exitBytes(1, 7)]);
  sendStatus(peer, 'up', [process]);
  t.deepEqual(await asked, {
    state: 'up',
    processes: [{ process: 1, flags: 3, hasBegun: true, exit: { kind: 'exited', code: 7 } }],
  });
});

test('an exit, a loss and the end of the shim are told', async (t) => {
  const { client, peer, news, shim } = await connected(t);
  peer.send(ApiType.EXIT, 1, 0, exitBytes(2, 9));
  peer.send(ApiType.LOST, 0, 0, Buffer.from('domain\u001b destroyed\n'));
  await shim.close();
  await until('the shim is gone', () => news.length === 3);
  t.deepEqual(news, [
    ['exit', 1, { kind: 'signaled', signal: 9 }],
    ['lost', 'domain  destroyed'],
    'gone',
  ]);
  await t.throwsAsync(client.status(), { code: 'ERR_SHIM_GONE' });
  await t.notThrowsAsync(client.quit());
  t.notThrows(() => client.signal(1, 15));
});

test('a pause is answered without a process, beside what is asked of one', async (t) => {
  const { client, peer } = await connected(t);
  const [pausing, expecting] = [client.pause(), client.expect(1, 0, '', '')];
  t.is((await expectFrame(peer, ApiType.PAUSE)).id, 0);
  await expectFrame(peer, ApiType.EXPECT);
  peer.send(ApiType.OK, 1, 0);
  await expecting;
  peer.send(ApiType.OK, 0, 0);
  await t.notThrowsAsync(pausing);
  const refused = client.pause();
  await expectFrame(peer, ApiType.PAUSE);
  peer.send(ApiType.ERROR, 0, 11, Buffer.from('not at rest'));
  await t.throwsAsync(refused, { code: 'ERR_SHIM_REFUSED', message: /not at rest/ });
});

test('files of several devices are shared side by side, each with an answer of its own', async (t) => {
  const { client, peer } = await connected(t);
  const rings = [
    { ref: 8, port: 1 },
    { ref: 9, port: 2 },
  ];
  const files = [{ path: '/srv', readOnly: true }];
  const [own, other] = [client.share(0, rings, files), client.share(3, rings, files)];
  t.is((await expectFrame(peer, ApiType.SHARE)).id, 0);
  t.is((await expectFrame(peer, ApiType.SHARE)).id, 3);
  await t.throwsAsync(client.share(3, rings, files), { code: 'ERR_SHIM_BUSY' });
  peer.send(ApiType.SHARED, 3, 12, Buffer.from('Cannot share /srv'));
  await t.throwsAsync(other, { code: 'ERR_SHIM_REFUSED', message: /Cannot share \/srv/ });
  peer.send(ApiType.SHARED, 0, 0);
  await t.notThrowsAsync(own);
  const ending = client.unshare(3);
  t.is((await expectFrame(peer, ApiType.UNSHARE)).id, 3);
  peer.send(ApiType.UNSHARED, 3, 0);
  await t.notThrowsAsync(ending);
});

test('fids are saved, shares resume, and fids are restored', async (t) => {
  const { client, peer } = await connected(t);
  const saving = client.saveFids(3, '/snapshot');
  const asked = await expectFrame(peer, ApiType.SAVE_FIDS);
  t.deepEqual([asked.id, decodeFields(asked.payload, 1).map(String)], [3, ['/snapshot']]);
  await t.throwsAsync(client.resumeShares(3), { code: 'ERR_SHIM_BUSY' });
  peer.send(ApiType.FIDS_SAVED, 3, 0);
  await t.notThrowsAsync(saving);
  const going = client.resumeShares(3);
  t.deepEqual(decodeFields((await expectFrame(peer, ApiType.SAVE_FIDS)).payload, 1).map(String), [
    '',
  ]);
  peer.send(ApiType.FIDS_SAVED, 3, 0);
  await t.notThrowsAsync(going);
  const refused = client.saveFids(3, '/snapshot');
  await expectFrame(peer, ApiType.SAVE_FIDS);
  peer.send(
    ApiType.FIDS_SAVED,
    3,
    2,
    Buffer.from('Cannot save 0/x: it is open, and has been deleted'),
  );
  await t.throwsAsync(refused, { code: 'ERR_SHIM_REFUSED', message: /0\/x/ });
  const sharing = client.share(3, [], [], { fidSnapshot: '/snapshot' });
  const { payload } = await expectFrame(peer, ApiType.SHARE);
  t.deepEqual(decodeFields(payload.subarray(20), 1).map(String), ['/snapshot']);
  peer.send(ApiType.SHARED, 3, 0);
  await t.notThrowsAsync(sharing);
});

test('a process is announced with its files', async (t) => {
  const { client, peer } = await connected(t);
  const asked = client.expect(1, 3, '/log', '/status');
  const frame = await expectFrame(peer, ApiType.EXPECT);
  t.deepEqual([frame.id, frame.arg], [1, 3]);
  t.deepEqual(decodeFields(frame.payload, 2).map(String), ['/log', '/status']);
  peer.send(ApiType.OK, 1, 0);
  await t.notThrowsAsync(asked);
});

test("a refusal carries the shim's words", async (t) => {
  const { client, peer } = await connected(t);
  const asked = client.expect(1, 0, '', '/status');
  await expectFrame(peer, ApiType.EXPECT);
  peer.send(ApiType.ERROR, 1, 0, Buffer.from('process 1 is there'));
  await t.throwsAsync(asked, { code: 'ERR_SHIM_REFUSED', message: /process 1 is there/ });
});

test('a question that nobody answers ends at its deadline, and can be asked again', async (t) => {
  const { client, peer } = await connected(t);
  await t.throwsAsync(client.status(20), { code: 'ERR_SHIM_TIMEOUT' });
  const again = client.status();
  await expectFrame(peer, ApiType.STATUS);
  await expectFrame(peer, ApiType.STATUS);
  sendStatus(peer, 'waiting');
  t.is((await again).state, 'waiting');
});

test('the same question twice at once is refused', async (t) => {
  const { client, peer } = await connected(t);
  const asked = client.unshare(1);
  await t.throwsAsync(client.unshare(1), { code: 'ERR_SHIM_BUSY' });
  await expectFrame(peer, ApiType.UNSHARE);
  peer.send(ApiType.UNSHARED, 1, 0);
  await t.notThrowsAsync(asked);
});

test('its status is for all who ask while it is asked', async (t) => {
  const { client, peer } = await connected(t);
  const asked = [client.status(), client.status()];
  await expectFrame(peer, ApiType.STATUS);
  sendStatus(peer, 'up');
  t.deepEqual(
    (await Promise.all(asked)).map(({ state }) => state),
    ['up', 'up'],
  );
  const again = client.status();
  await expectFrame(peer, ApiType.STATUS);
  sendStatus(peer, 'up');
  t.is((await again).state, 'up');
});

test('a shim that dies rejects what was asked of it', async (t) => {
  const { client, peer, shim } = await connected(t);
  const asked = client.expect(1, 0, '', '/status');
  await expectFrame(peer, ApiType.EXPECT);
  await shim.close();
  await t.throwsAsync(asked, { code: 'ERR_SHIM_GONE' });
});

test('waiting for the data channel goes through waiting to up', async (t) => {
  const { client, peer } = await connected(t);
  const up = client.waitUp(5000);
  for (const state of ['waiting', 'waiting', 'up']) {
    await expectFrame(peer, ApiType.STATUS);
    sendStatus(peer, state);
  }
  await t.notThrowsAsync(up);
});

test('waiting for the data channel ends when the guest is lost, and when time is up', async (t) => {
  const lost = await connected(t);
  const up = lost.client.waitUp(5000);
  await expectFrame(lost.peer, ApiType.STATUS);
  sendStatus(lost.peer, 'lost: no hello');
  await t.throwsAsync(up, { code: 'ERR_SHIM_LOST', message: /no hello/ });

  const slow = await connected(t);
  slow.peer.onFrame = () => sendStatus(slow.peer, 'waiting');
  await t.throwsAsync(slow.client.waitUp(60), { code: 'ERR_SHIM_TIMEOUT' });
});

test('a shim that talks nonsense is given up', async (t) => {
  for (const nonsense of [
    (peer: Awaited<ReturnType<FakeShim['peer']>>) => peer.send(0x99, 0, 0),
    (peer: Awaited<ReturnType<FakeShim['peer']>>) =>
      peer.send(ApiType.EXIT, 1, 0, exitBytes(1, 256)),
    (peer: Awaited<ReturnType<FakeShim['peer']>>) => peer.raw(Buffer.alloc(16, 0xff)),
  ]) {
    const { peer, news } = await connected(t);
    nonsense(peer);
    await until('the shim is given up', () => news.length === 1);
    t.deepEqual(news, ['gone']);
    await peer.closed;
  }
});

test('a signal goes to its process', async (t) => {
  const { client, peer } = await connected(t);
  client.signal(1, 15);
  const frame = await expectFrame(peer, ApiType.SIGNAL);
  t.deepEqual([frame.id, frame.arg], [1, 15]);
});

test('quitting waits until the shim is gone, and not for ever', async (t) => {
  const polite = await connected(t);
  const quit = polite.client.quit();
  await expectFrame(polite.peer, ApiType.QUIT);
  polite.peer.close();
  await t.notThrowsAsync(quit);

  const stubborn = await connected(t);
  await t.throwsAsync(stubborn.client.quit(20), { code: 'ERR_SHIM_TIMEOUT' });
  await stubborn.peer.closed;
  t.pass();
});

test('a shim that never comes is given up', async (t) => {
  const nothing = { onExit: () => t.fail(), onLost: () => t.fail(), onGone: () => t.fail() };
  await t.throwsAsync(ShimClient.connect('/nonexistent/shim.sock', nothing, 30), {
    code: 'ERR_SHIM_CONNECT',
  });
});
