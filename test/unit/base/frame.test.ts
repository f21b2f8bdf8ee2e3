// SPDX-License-Identifier: Apache-2.0
// Frames and fields: the same frames come out however the bytes are cut, and malformed ones are refused.

import { randomBytes, randomInt } from 'node:crypto';
import test from 'ava';
import {
  decodeFields,
  encodeFields,
  encodeFrame,
  FrameParser,
  FRAME_HEADER,
} from '../../../toolstack/base/frame.js';

test('a stream cut anywhere gives the same frames', (t) => {
  const frames = Array.from({ length: 50 }, (_, i) => ({
    type: i,
    id: i * 7,
    arg: 0xffffffff - i,
    payload: randomBytes(randomInt(0, 3000)),
  }));
  const bytes = Buffer.concat(frames.map((f) => encodeFrame(f.type, f.id, f.arg, f.payload)));
  for (let round = 0; round < 50; round++) {
    const parser = new FrameParser(4096);
    const got = [];
    for (let at = 0; at < bytes.length;) {
      const next = Math.min(bytes.length, at + randomInt(1, 5000));
      got.push(...parser.push(bytes.subarray(at, next)));
      at = next;
    }
    t.deepEqual(got, frames);
  }
});

test('a length above the maximum is refused from the header alone', (t) => {
  const header = Buffer.alloc(FRAME_HEADER);
  header.writeUInt32LE(4097, 0);
  t.throws(() => new FrameParser(4096).push(header), { code: 'ERR_PROTOCOL' });
});

test('random bytes never give a frame above the maximum', (t) => {
  for (let round = 0; round < 200; round++) {
    const parser = new FrameParser(1024);
    try {
      for (let i = 0; i < 20; i++) {
        for (const frame of parser.push(randomBytes(randomInt(1, 100))))
          t.true(frame.payload.length <= 1024);
      }
    } catch (error) {
      t.is((error as { code?: string }).code, 'ERR_PROTOCOL');
    }
  }
  t.pass();
});

test('fields come back as they went', (t) => {
  const fields = [Buffer.alloc(0), randomBytes(1), randomBytes(70000)];
  t.deepEqual(decodeFields(encodeFields(fields), 3), fields);
});

test('fields that do not fill their message exactly, or are too many, are refused', (t) => {
  const bytes = encodeFields(['one', 'two']);
  t.throws(() => decodeFields(bytes.subarray(0, bytes.length - 1), 9), { code: 'ERR_PROTOCOL' });
  t.throws(() => decodeFields(Buffer.concat([bytes, Buffer.from([1, 0])]), 9), {
    code: 'ERR_PROTOCOL',
  });
  t.throws(() => decodeFields(bytes, 1), { code: 'ERR_PROTOCOL' });
});
