// SPDX-License-Identifier: Apache-2.0
// The shim forgets processes that leave no status as soon as it may, and not before.

import { existsSync, readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { ApiType, decodeExit, encodeExpect, Forget } from '../../toolstack/api/wire.js';
import { encodeFrame } from '../../toolstack/base/frame.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { ATTACH, ATTACHED, EOF, ERROR, EXIT, EXPECT, FORGET, LOST, OK, STATUS, STREAM } = ApiType;

async function expect(sandbox: Sandbox, id: number, flags = 1): Promise<void> {
  sandbox.control.send(EXPECT, id, flags, encodeExpect('', ''));
  await sandbox.control.nextOf(OK);
}

async function attach(t: ExecutionContext, sandbox: Sandbox, id: number): Promise<FrameSocket> {
  const peer = await FrameSocket.connect(sandbox.socket);
  t.teardown(() => peer.close());
  peer.send(ATTACH, id, 1);
  await peer.nextOf(ATTACHED);
  return peer;
}

const known = async (sandbox: Sandbox) =>
  (await sandbox.status()).processes.map(({ process }) => process);

test('one that ended is forgotten when its client has left, which had all of it', async (t) => {
  const sandbox = await Sandbox.start(t);
  await expect(sandbox, 7);
  sandbox.control.send(STATUS, 0, 0);
  await sandbox.control.nextOf(STATUS);
  const client = await attach(t, sandbox, 7);
  const process = sandbox.agent.begin(7);
  await process.write(1, 'out');
  process.exit(3);
  t.is((await client.nextOf(STREAM)).payload.toString(), 'out');
  t.deepEqual(decodeExit((await client.nextOf(EXIT)).payload), { kind: 'exited', code: 3 });
  t.is((await sandbox.control.nextOf(EXIT)).id, 7);
  t.deepEqual(await known(sandbox), [7]);
  client.close();
  await until('it is forgotten', async () => (await known(sandbox)).length === 0);
});

test('one that nobody looks at is forgotten at once, and its id is free', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (let round = 0; round < 3; round++) {
    await expect(sandbox, 5);
    const process = sandbox.agent.begin(5);
    await process.write(2, 'nobody reads');
    process.exit(0);
    await until('it is forgotten', async () => (await known(sandbox)).length === 0);
  }
  t.is((await sandbox.status()).state, 'up');
});

test('two thousand of them, one after the other, leave none', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (let id = 2; id < 2002; id++) {
    await expect(sandbox, id);
    sandbox.agent.begin(id).exit(0);
  }
  await until('all are forgotten', async () => (await known(sandbox)).length === 0);
  t.is((await sandbox.status()).state, 'up');
});

test('one that the agent refused goes, and its client hears nothing of an end', async (t) => {
  const sandbox = await Sandbox.start(t);
  await expect(sandbox, 7);
  const client = await attach(t, sandbox, 7);
  sandbox.control.send(FORGET, 7, Forget.REFUSED);
  t.is((await client.nextOf(EOF)).arg, 1);
  t.is((await client.nextOf(EOF)).arg, 2);
  t.is((await sandbox.status()).state, 'up');
  client.close();
  await until('it is forgotten', async () => (await known(sandbox)).length === 0);
  const late = await FrameSocket.connect(sandbox.socket);
  late.send(ATTACH, 7, 1);
  t.is((await late.nextOf(ERROR)).arg, 4);
  late.close();
});

test('one whose thawd is gone lets its client go, and may still start', async (t) => {
  const sandbox = await Sandbox.start(t);
  await expect(sandbox, 7);
  const client = await attach(t, sandbox, 7);
  sandbox.control.send(FORGET, 7, Forget.LEFT);
  t.regex((await client.nextOf(LOST)).payload.toString(), /not known whether/);
  t.deepEqual(await known(sandbox), [7]);
  const process = sandbox.agent.begin(7);
  await process.write(1, 'late');
  process.exit(0);
  await until('it is forgotten', async () => (await known(sandbox)).length === 0);
  t.is((await sandbox.status()).state, 'up');
});

test('one whose start was undone leaves no log and no status, whatever comes of it', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (const [why, id] of [
    [Forget.LEFT, 7],
    [Forget.UNDONE, 8],
  ] as const) {
    await sandbox.expect(id);
    const client = await attach(t, sandbox, id);
    sandbox.control.send(FORGET, id, why);
    if (why === Forget.LEFT)
      t.regex((await client.nextOf(LOST)).payload.toString(), /not known whether/);
    t.deepEqual(await known(sandbox), [id]);
    client.close();
    const process = sandbox.agent.begin(id);
    await process.write(1, 'late');
    process.exit(0);
    await until('it is forgotten', async () => (await known(sandbox)).length === 0);
    t.false(existsSync(sandbox.statusPath(id)));
    t.is(readFileSync(sandbox.logPath(id), 'utf8'), '');
  }
  t.is((await sandbox.status()).state, 'up');
});

test('one of which a frame has half come is not forgotten under it', async (t) => {
  const sandbox = await Sandbox.start(t);
  await expect(sandbox, 7);
  const frame = encodeFrame(STREAM, 7, 1, Buffer.from('whole'));
  sandbox.agent.peer.raw(frame.subarray(0, frame.length - 4));
  await until('it has begun', async () => (await sandbox.status()).processes[0]?.hasBegun === true);
  for (const why of Object.values(Forget)) sandbox.control.send(FORGET, 7, why);
  t.deepEqual(await known(sandbox), [7]);
  sandbox.agent.peer.raw(frame.subarray(frame.length - 4));
  const client = await attach(t, sandbox, 7);
  t.is((await sandbox.status()).state, 'up');
  client.close();
});

test('one whose start was undone makes room for others', async (t) => {
  const sandbox = await Sandbox.start(t);
  for (let id = 1; id <= 1024; id++) {
    await expect(sandbox, id);
    if (id !== 5) sandbox.control.send(FORGET, id, Forget.UNDONE);
  }
  await expect(sandbox, 2000);
  const ids = await known(sandbox);
  t.deepEqual([ids.length, ids[0], ids.includes(5)], [1024, 2, true]);
});

test('one that has begun, and one that leaves a status, are not forgotten', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  await expect(sandbox, 7);
  const client = await attach(t, sandbox, 7);
  const process = sandbox.agent.begin(7);
  await process.write(1, 'up');
  await client.nextOf(STREAM);
  for (const id of [1, 7, 9])
    for (const why of id === 1 ? [Forget.REFUSED] : Object.values(Forget))
      sandbox.control.send(FORGET, id, why);
  sandbox.control.send(STATUS, 0, 0);
  await sandbox.control.nextOf(STATUS);
  t.deepEqual(await known(sandbox), [1, 7]);
  process.exit(4);
  t.deepEqual(decodeExit((await client.nextOf(EXIT)).payload), { kind: 'exited', code: 4 });
});

test('a log without a status file, and FORGET of an attached client, are refused', async (t) => {
  const sandbox = await Sandbox.start(t);
  sandbox.control.send(EXPECT, 3, 0, encodeExpect('/tmp/x.log', ''));
  t.is((await sandbox.control.nextOf(ERROR)).arg, 1);
  await expect(sandbox, 7);
  const client = await attach(t, sandbox, 7);
  client.send(FORGET, 7, Forget.REFUSED);
  t.is(await client.next(), undefined);
});
