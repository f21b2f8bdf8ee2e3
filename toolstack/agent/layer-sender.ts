// SPDX-License-Identifier: Apache-2.0
// Sends files as layers to a guest, over the data channel that thawd itself holds while it freezes an image.

import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { encodeFrame } from '../base/frame.js';
import { DATA_MAX, LAYER, LayerPart } from './wire.js';

/** Sends files as layers 1, 2 and so on, and reports the bytes sent so far. Resolves once the channel has the last byte; rejects when it closes earlier. */
export async function sendLayers(
  channel: Duplex,
  files: readonly string[],
  signal: AbortSignal,
  onSent: (bytes: number) => void = () => undefined,
): Promise<void> {
  let sent = 0;
  for (const [index, file] of files.entries()) {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt((await stat(file)).size));
    await send(channel, encodeFrame(LAYER, index + 1, LayerPart.SIZE, size), signal);
    for await (const chunk of createReadStream(file, { highWaterMark: DATA_MAX, signal })) {
      await send(channel, encodeFrame(LAYER, index + 1, LayerPart.BYTES, chunk as Buffer), signal);
      onSent((sent += (chunk as Buffer).length));
    }
  }
}

async function send(channel: Duplex, frame: Buffer, signal: AbortSignal): Promise<void> {
  if (channel.destroyed) throw new Error('The data channel is closed');
  if (!channel.write(frame)) await once(channel, 'drain', { signal });
}
