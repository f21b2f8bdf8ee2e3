// SPDX-License-Identifier: Apache-2.0
// The relay between a launcher and a shim: only the frames of one process pass, for one user, once.

import test from 'ava';
import { ApiType } from '../../../toolstack/api/wire.js';
import { encodeFrame } from '../../../toolstack/base/frame.js';
import { LauncherFrames } from '../../../toolstack/daemon/relay.js';

const attach = encodeFrame(ApiType.ATTACH, 7, 1);

test('the frames of an attached launcher pass as they are', (t) => {
  const frames = new LauncherFrames(7);
  const bytes = Buffer.concat([
    attach,
    encodeFrame(ApiType.STREAM, 7, 0, Buffer.from('input')),
    encodeFrame(ApiType.CREDIT, 7, 1, Buffer.alloc(4)),
    encodeFrame(ApiType.WINSIZE, 7, 0, Buffer.alloc(4)),
    encodeFrame(ApiType.SIGNAL, 7, 2),
    encodeFrame(ApiType.EOF, 7, 0),
  ]);
  const passed: Buffer[] = [];
  for (const byte of bytes) passed.push(...frames.push(Buffer.of(byte)));
  t.deepEqual(Buffer.concat(passed), bytes);
});

test('every other frame ends the connection', (t) => {
  const allowed: number[] = [
    ...[ApiType.STREAM, ApiType.EOF, ApiType.CREDIT, ApiType.SIGNAL, ApiType.WINSIZE],
  ];
  for (let type = 0; type < 0x100; type++) {
    const later = new LauncherFrames(7);
    later.push(attach);
    const push = () => later.push(encodeFrame(type, 7, 0));
    if (allowed.includes(type)) t.notThrows(push);
    else t.throws(push, { code: 'ERR_PROTOCOL' }, `type ${type}`);
    if (type !== (ApiType.ATTACH as number))
      t.throws(() => new LauncherFrames(7).push(encodeFrame(type, 7, 0)), { code: 'ERR_PROTOCOL' });
  }
});

test('another process, another flag, a second ATTACH and a long frame end the connection', (t) => {
  const refuse = (...frames: Buffer[]): void => {
    const filter = new LauncherFrames(7);
    t.throws(() => frames.map((frame) => filter.push(frame)), { code: 'ERR_PROTOCOL' });
  };
  refuse(encodeFrame(ApiType.ATTACH, 8, 1));
  refuse(encodeFrame(ApiType.ATTACH, 7, 4));
  refuse(attach, attach);
  refuse(attach, encodeFrame(ApiType.SIGNAL, 8, 9));
  const head = Buffer.alloc(16);
  head.writeUInt32LE(65_537, 0);
  refuse(attach, head);
});
