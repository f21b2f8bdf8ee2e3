// SPDX-License-Identifier: Apache-2.0
// Clients connect, leave and misbehave on the shim's socket. Checks the effect on their processes.

import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { encodeFrame } from '../../toolstack/base/frame.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { ATTACH, ATTACHED, CREDIT, EOF, ERROR, EXIT, STREAM, SIGNAL, EXPECT } = ApiType;

const number = (value: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(value, 0);
  return payload;
};

async function attach(sandbox: Sandbox, id: number, flags = 1): Promise<FrameSocket> {
  const peer = await FrameSocket.connect(sandbox.socket);
  peer.send(ATTACH, id, flags);
  return peer;
}

test('ATTACHED carries the flags of the process; stdin credit is what the guest allows', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1, 3);
  const client = await attach(sandbox, 1);
  t.is((await client.nextOf(ATTACHED)).arg, 3);
  sandbox.agent.begin(1);
  const credit = await client.nextOf(CREDIT);
  t.is(credit.arg, 0);
  t.is(credit.payload.readUInt32LE(0), 262144);
});

test('a process that nobody announced cannot be attached to, nor one that has a client', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const nobody = await attach(sandbox, 9);
  t.is((await nobody.nextOf(ERROR)).arg, 4);
  const first = await attach(sandbox, 1);
  await first.nextOf(ATTACHED);
  const second = await attach(sandbox, 1);
  t.is((await second.nextOf(ERROR)).arg, 11);
  first.close();
  await until('the first client is gone', async () => {
    const third = await attach(sandbox, 1);
    const answer = await third.next();
    third.close();
    return answer?.type === ATTACHED;
  });
});

test('a process that ended gives its ends and its status to who attaches later', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  await process.write(1, 'nobody looks\n');
  process.exit(9, 2);
  t.is(await sandbox.statusFile(1), 'signaled 9');
  const client = await attach(sandbox, 1);
  const types = [];
  for (let i = 0; i < 4; i++) types.push((await client.next())?.type);
  t.deepEqual(types, [ATTACHED, EOF, EOF, EXIT]);
});

test('a client that goes without EOF ends the input of a pipe, not of a terminal', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1, 1);
  await sandbox.expect(2, 3);
  const pipe = sandbox.agent.begin(1);
  const terminal = sandbox.agent.begin(2);
  for (const id of [1, 2]) {
    const client = await attach(sandbox, id);
    await client.nextOf(CREDIT);
    client.send(STREAM, id, 0, Buffer.from('last words'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
  }
  let text = '';
  for await (const chunk of pipe.input()) text += chunk.toString();
  t.is(text, 'last words');
  const again = await attach(sandbox, 2);
  t.is((await again.nextOf(CREDIT)).arg, 0);
  again.send(STREAM, 2, 0, Buffer.from('!'));
  again.send(EOF, 2, 0);
  text = '';
  for await (const chunk of terminal.input()) text += chunk.toString();
  t.is(text, 'last words!');
});

test('a client that came later and reads no more costs the process nothing', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  await process.write(1, 'up\n');
  await until('it has begun', () => readFileSync(sandbox.logPath(1), 'utf8').includes('up'));
  const viewer = await attach(sandbox, 1, 0);
  await viewer.nextOf(ATTACHED);
  viewer.send(EOF, 1, 1);
  await sandbox.status();
  for (let round = 0; round < 4; round++) await process.write(1, Buffer.alloc(262144, 'x'));
  await process.write(2, 'told');
  t.is((await viewer.nextOf(STREAM)).arg, 2);
  t.deepEqual([...process.unread], []);
  viewer.close();
  await process.write(1, 'last\n');
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
  t.true(readFileSync(sandbox.logPath(1), 'utf8').includes(' stdout F last\n'));
});

test('the bytes of a client that goes are credited back to the guest', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const client = await attach(sandbox, 1, 0);
  await client.nextOf(ATTACHED);
  await process.write(1, Buffer.alloc(262144, 'x'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  t.is(process.credit(1), 0);
  client.close();
  await process.until('credit', () => process.credit(1) === 262144);
  t.pass();
});

for (const [name, frame] of [
  ['input above its credit', encodeFrame(STREAM, 1, 0, Buffer.from('x'))],
  ['output', encodeFrame(STREAM, 1, 1, Buffer.from('x'))],
  ['credit for bytes it was not sent', encodeFrame(CREDIT, 1, 1, number(1))],
  ['a frame for another process', encodeFrame(SIGNAL, 2, 9)],
  ['signal 0', encodeFrame(SIGNAL, 1, 0)],
  ['signal 65', encodeFrame(SIGNAL, 1, 65)],
  ['an exit', encodeFrame(EXIT, 1, 0, Buffer.alloc(8))],
  ['a second ATTACH', encodeFrame(ATTACH, 1, 1)],
  ['an EXPECT of 20 KB', encodeFrame(EXPECT, 5, 1, Buffer.alloc(20_000))],
  ['garbage', Buffer.alloc(4096, 0x5a)],
] as const) {
  test(`a client that sends ${name} is dropped, the process goes on`, async (t) => {
    const sandbox = await Sandbox.start(t);
    await sandbox.expect(1);
    const client = await attach(sandbox, 1);
    await client.nextOf(ATTACHED);
    client.raw(frame);
    await client.closed;
    sandbox.agent.begin(1).exit(0);
    t.is(await sandbox.statusFile(1), 'exited 0');
    t.is(await sandbox.quit(), 0, sandbox.note);
  });
}

test('200 clients come and go; no descriptor stays', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const fds = (): number => readdirSync(`/proc/${sandbox.shim.pid}/fd`).length;
  const before = fds();
  for (let i = 0; i < 200; i++) {
    const client = await attach(sandbox, 1, 0);
    if ((await client.next())?.type !== ATTACHED) i--;
    await process.write(1, `${i}\n`);
    client.close();
  }
  await until('descriptors are closed', () => fds() <= before);
  process.exit(0);
  t.is(await sandbox.statusFile(1), 'exited 0');
});
