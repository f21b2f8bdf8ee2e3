// SPDX-License-Identifier: Apache-2.0
// A guest that lies, stalls or sends garbage loses only its own sandbox, for a reason that names the violation.

import test from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { encodeFrame } from '../../toolstack/base/frame.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { Sandbox } from '../support/shim/sandbox.js';

const credit = (bytes: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32LE(bytes, 0);
  return payload;
};
const exit = (kind: number, value: number): Buffer => {
  const payload = Buffer.alloc(8);
  payload.writeUInt32LE(kind, 0);
  payload.writeUInt32LE(value, 4);
  return payload;
};
const header = (length: number, type: number, id: number, arg: number): Buffer => {
  const bytes = Buffer.alloc(16);
  [length, type, id, arg].forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
  return bytes;
};
const { STREAM, EOF, CREDIT, EXIT, SIGNAL, CGROUP_STATS } = ApiType;

/** The guest's messages after its hello, with process 1 announced, and the words that the reason must contain. */
const LIES: [string, RegExp, Buffer[]][] = [
  ['a length above the maximum', /frame too long/, [header(65537, STREAM, 1, 1)]],
  ['a length of 4 GiB', /frame too long/, [header(0xffffffff, STREAM, 1, 1)]],
  ['an unknown type', /unknown frame/, [encodeFrame(0x77, 1, 0)]],
  ['a frame of the other direction', /unknown frame/, [encodeFrame(SIGNAL, 1, 9)]],
  ['an unknown process', /unknown process/, [encodeFrame(STREAM, 2, 1, Buffer.from('x'))]],
  ['process 0', /unknown process/, [encodeFrame(STREAM, 0, 1, Buffer.from('x'))]],
  ['output on stdin', /no output stream/, [encodeFrame(STREAM, 1, 0, Buffer.from('x'))]],
  ['output on stream 3', /no output stream/, [encodeFrame(STREAM, 1, 3, Buffer.from('x'))]],
  ['output of no bytes', /output without credit/, [encodeFrame(STREAM, 1, 1)]],
  ['output after its end', /after its end/, [encodeFrame(EOF, 1, 1), encodeFrame(EOF, 1, 1)]],
  ['an end with a payload', /with a payload/, [encodeFrame(EOF, 1, 1, Buffer.from('x'))]],
  ['credit for output', /malformed credit/, [encodeFrame(CREDIT, 1, 1, credit(1))]],
  ['credit of three bytes', /malformed credit/, [encodeFrame(CREDIT, 1, 0, Buffer.alloc(3))]],
  ['credit above a window', /more credit/, [encodeFrame(CREDIT, 1, 0, credit(262145))]],
  ['credit that wraps', /more credit/, [encodeFrame(CREDIT, 1, 0, credit(0xffffffff))]],
  [
    'credit twice',
    /more credit/,
    [encodeFrame(CREDIT, 1, 0, credit(262144)), encodeFrame(CREDIT, 1, 0, credit(1))],
  ],
  ['an exit before the end of output', /before the end/, [encodeFrame(EXIT, 1, 0, exit(1, 0))]],
  ['an exit of 300', /impossible exit/, ends(exit(1, 300))],
  ['death by signal 65', /impossible exit/, ends(exit(2, 65))],
  ['an exit of kind 3', /impossible exit/, ends(exit(3, 0))],
  ['an exit of four bytes', /malformed exit/, ends(Buffer.alloc(4))],
  [
    'a frame after the exit',
    /after the exit/,
    [...ends(exit(1, 0)), encodeFrame(EXIT, 1, 0, exit(1, 0))],
  ],
  ['stats that no client asked for', /no client asked for/, [encodeFrame(CGROUP_STATS, 1, 0)]],
  ['a second hello', /second hello/, [encodeFrame(0x01, 0, 0, Buffer.alloc(24))]],
];

function ends(status: Buffer): Buffer[] {
  return [encodeFrame(EOF, 1, 1), encodeFrame(EOF, 1, 2), encodeFrame(EXIT, 1, 0, status)];
}

for (const [name, reason, frames] of LIES) {
  test(`${name} ends the sandbox`, async (t) => {
    const sandbox = await Sandbox.start(t);
    await sandbox.expect(1);
    sandbox.control.send(ApiType.STATUS, 0, 0);
    await sandbox.control.nextOf(ApiType.STATUS);
    sandbox.agent.peer.raw(Buffer.concat(frames));
    const text = (await sandbox.control.nextOf(ApiType.LOST)).payload.toString();
    t.regex(text, /^protocol: /);
    t.regex(text, reason);
    await sandbox.agent.peer.closed;
    t.is(await sandbox.quit(), 0, sandbox.note);
  });
}

test('more output than was granted ends the sandbox; its client has what was granted', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ApiType.ATTACH, 1, 0);
  await client.nextOf(ApiType.ATTACHED);
  const chunk = Buffer.alloc(65536, 'x');
  for (let i = 0; i < 5; i++) sandbox.agent.peer.send(STREAM, 1, 1, chunk);
  let bytes = 0;
  let frame = await client.next();
  for (; frame?.type === STREAM; frame = await client.next()) bytes += frame.payload.length;
  t.is(frame?.type, ApiType.LOST);
  t.is(bytes, 262144);
  t.regex(await sandbox.statusFile(1), /^lost protocol: output without credit/);
  client.close();
  t.is(await sandbox.quit(), 0, sandbox.note);
});

for (const [name, reason, hello] of [
  ['no hello first', /no hello/, encodeFrame(CREDIT, 1, 0, credit(0))],
  ['a hello of four bytes', /malformed hello/, encodeFrame(0x01, 0, 0, Buffer.alloc(4))],
  ['a hello with wrong magic', /malformed hello/, encodeFrame(0x01, 0, 0, Buffer.alloc(16))],
  ['a hello of 60 KB', /malformed hello/, header(60000, 0x01, 0, 0)],
  ['garbage', /protocol/, Buffer.alloc(5000, 0xa5)],
] as const) {
  test(`${name} ends the sandbox`, async (t) => {
    const sandbox = await Sandbox.start(t, { silent: true });
    sandbox.agent.peer.raw(hello);
    await sandbox.agent.peer.closed;
    const { state, reason: text } = await sandbox.status();
    t.is(state, 'lost');
    t.regex(text ?? '', reason);
    t.is(await sandbox.quit(), 0, sandbox.note);
  });
}

test('another version is refused by name', async (t) => {
  const sandbox = await Sandbox.start(t, { silent: true });
  sandbox.agent.hello(2);
  await sandbox.agent.peer.closed;
  t.regex((await sandbox.status()).reason ?? '', /the agent speaks version 2, thaw-shim 1/);
});

test('a control hello on the data channel is refused', async (t) => {
  const sandbox = await Sandbox.start(t, { silent: true });
  sandbox.agent.hello(1, 1);
  await sandbox.agent.peer.closed;
  t.regex((await sandbox.status()).reason ?? '', /malformed hello/);
});

test('frames may come in single bytes', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const bytes = Buffer.concat([
    encodeFrame(STREAM, 1, 1, Buffer.from('slow\n')),
    ...ends(exit(1, 7)),
  ]);
  for (const byte of bytes) {
    sandbox.agent.peer.raw(Buffer.of(byte));
    await new Promise(setImmediate);
  }
  t.is(await sandbox.statusFile(1), 'exited 7');
  t.is(await sandbox.quit(), 0, sandbox.note);
});
