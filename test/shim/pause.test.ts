// SPDX-License-Identifier: Apache-2.0
// The shim disconnects from the agent between two frames, reconnects to a new channel, and loses nothing in between.

import test from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import type { Frame } from '../../toolstack/base/frame.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { ATTACH, ATTACHED, ERROR, LEAVE, OK, PAUSE, SIGNAL, STREAM } = ApiType;

/** Frames to the agent that belong to no process. */
function otherFrames(sandbox: Sandbox): Frame[] {
  const frames: Frame[] = [];
  sandbox.agent.onOther((frame) => frames.push(frame));
  return frames;
}

test('LEAVE, its answer, then OK; streams and signals go on over the next channel', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1, false);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ATTACH, 1, 0);
  await client.nextOf(ATTACHED);
  const frames = otherFrames(sandbox);
  sandbox.control.send(PAUSE, 0, 0);
  await until('it takes leave', () => frames.length > 0);
  t.deepEqual([frames[0]?.type, frames[0]?.id, frames[0]?.payload.length], [LEAVE, 0, 0]);
  // The shim sends nothing after it, and still accepts the agent's frames.
  sandbox.control.send(SIGNAL, 1, 10);
  sandbox.agent.peer.send(STREAM, 1, 1, Buffer.from('before '));
  t.is((await client.nextOf(STREAM)).payload.toString(), 'before ');
  const { peer } = sandbox.agent;
  sandbox.agent.peer.send(LEAVE, 0, 0);
  const again = sandbox.agent.accept();
  t.is((await sandbox.control.nextOf(OK)).id, 0);
  await peer.closed;
  t.is((await sandbox.status()).state, 'waiting');
  t.deepEqual(process.signals, []);
  await again;
  sandbox.agent.hello();
  const later = otherFrames(sandbox);
  await until('the signal comes', () => later.length + process.signals.length > 0);
  t.is((await sandbox.status()).state, 'up');
  sandbox.agent.peer.send(STREAM, 1, 1, Buffer.from('after'));
  t.is((await client.nextOf(STREAM)).payload.toString(), 'after');
});

test('asked twice, or of a channel that is not up, it refuses', async (t) => {
  const sandbox = await Sandbox.start(t, { silent: true });
  sandbox.control.send(PAUSE, 0, 0);
  t.is((await sandbox.control.nextOf(ERROR)).arg, 11);
  sandbox.agent.hello();
  await until('it is up', async () => (await sandbox.status()).state === 'up');
  sandbox.control.send(PAUSE, 0, 0);
  const other = await FrameSocket.connect(sandbox.socket);
  other.send(PAUSE, 0, 0);
  t.is((await other.nextOf(ERROR)).arg, 11);
  sandbox.agent.peer.close();
  t.is((await sandbox.control.nextOf(ERROR)).arg, 2);
  t.is((await sandbox.status()).reason, 'agent closed the channel');
});

test('a guest that leaves unasked, or says more after its leave, is lost', async (t) => {
  const unasked = await Sandbox.start(t);
  unasked.agent.peer.send(LEAVE, 0, 0);
  await until('it is lost', async () => (await unasked.status()).state === 'lost');
  t.regex((await unasked.status()).reason ?? '', /leave that the shim did not ask for/);

  const more = await Sandbox.start(t);
  const frames = otherFrames(more);
  more.control.send(PAUSE, 0, 0);
  await until('it takes leave', () => frames.length > 0);
  const leave = Buffer.alloc(16);
  leave.writeUInt32LE(LEAVE, 4);
  more.agent.peer.raw(Buffer.concat([leave, leave]));
  await until('it is lost', async () => (await more.status()).state === 'lost');
  t.regex((await more.status()).reason ?? '', /frame after its leave/);
});
