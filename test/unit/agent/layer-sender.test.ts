// SPDX-License-Identifier: Apache-2.0
// The layer sender sends files as layers in order, no faster than the channel accepts them.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { sendLayers } from '../../../toolstack/agent/layer-sender.js';
import { DATA_MAX, LAYER, LayerPart } from '../../../toolstack/agent/wire.js';
import { FrameParser, type Frame } from '../../../toolstack/base/frame.js';

async function fileOf(t: ExecutionContext, bytes: Buffer): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-layer-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'layer'), bytes);
  return join(folder, 'layer');
}

/** A channel that accepts one chunk a turn, and the frames that it received. */
function slowChannel() {
  const parser = new FrameParser(DATA_MAX);
  const frames: Frame[] = [];
  let waiting = 0;
  const channel = new Duplex({
    writableHighWaterMark: 1,
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      waiting = Math.max(waiting, channel.writableLength);
      for (const frame of parser.push(chunk))
        frames.push({ ...frame, payload: Buffer.from(frame.payload) });
      setImmediate(done);
    },
  });
  return { channel, frames, mostWaiting: () => waiting };
}

test('two layers arrive whole, sizes first', async (t) => {
  const bytes = [randomBytes(DATA_MAX * 3 + 7), randomBytes(5)];
  const files = await Promise.all(bytes.map((content) => fileOf(t, content)));
  const { channel, frames, mostWaiting } = slowChannel();
  const told: number[] = [];
  await sendLayers(channel, files, new AbortController().signal, (sent) => told.push(sent));
  t.deepEqual([told[0], told.at(-1)], [DATA_MAX, DATA_MAX * 3 + 12]);
  t.true(frames.every(({ type }) => type === LAYER));
  for (const [index, content] of bytes.entries()) {
    const mine = frames.filter(({ id }) => id === index + 1);
    t.is(mine[0]?.arg, LayerPart.SIZE);
    t.is(Number(mine[0]?.payload.readBigUInt64LE()), content.length);
    t.true(Buffer.concat(mine.slice(1).map(({ payload }) => payload)).equals(content));
  }
  t.true(mostWaiting() <= DATA_MAX + 16, 'one frame at a time');
});

test('a channel that closes, and an abort, end it', async (t) => {
  const file = await fileOf(t, randomBytes(DATA_MAX * 8));
  const closed = slowChannel().channel;
  closed.destroy();
  await t.throwsAsync(sendLayers(closed, [file], new AbortController().signal));
  const abort = new AbortController();
  const stuck = new Duplex({
    writableHighWaterMark: 1,
    read: () => undefined,
    write: () => undefined,
  });
  const sending = sendLayers(stuck, [file], abort.signal);
  abort.abort();
  await t.throwsAsync(sending);
});

test('a file that is not there rejects', async (t) => {
  const { channel } = slowChannel();
  await t.throwsAsync(sendLayers(channel, ['/nonexistent'], new AbortController().signal), {
    code: 'ENOENT',
  });
});
