// SPDX-License-Identifier: Apache-2.0
// The parser cuts any byte stream into the packets that were sent, and never into anything else.

import test from 'ava';
import { randomBytes, randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import {
  encodePacket,
  HEADER_BYTES,
  MessageType,
  PacketParser,
  PAYLOAD_MAX_BYTES,
  type Packet,
} from '../../../xenstore/wire.js';

function parseAll(parser: PacketParser): { packets: Packet[]; end: string } {
  const packets: Packet[] = [];
  for (;;) {
    const result = parser.next();
    if (result.state !== 'packet') return { packets, end: result.state };
    packets.push(result.packet);
  }
}

function randomPacket(): Packet {
  return {
    type: randomInt(23),
    requestId: randomInt(2 ** 32),
    txId: randomInt(2 ** 32),
    payload: randomBytes(Math.random() < 0.2 ? 0 : randomInt(PAYLOAD_MAX_BYTES + 1)),
  };
}

test('a packet has the sixteen bytes of struct xsd_sockmsg in front', (t) => {
  const bytes = encodePacket({
    type: MessageType.write,
    requestId: 0x01020304,
    txId: 0xfffffffe,
    payload: Buffer.from('/a\0b'),
  });
  t.is(bytes.toString('hex'), '0b00000004030201feffffff040000002f610062');
});

test('the type numbers are those of xs_wire.h', (t) => {
  let header: string;
  try {
    header = readFileSync('/usr/include/xen/io/xs_wire.h', 'utf8');
  } catch {
    t.log('skipped: libxen-dev is not installed here, so there is no xs_wire.h to compare with');
    t.pass();
    return;
  }
  const body = /enum xsd_sockmsg_type\s*\{([^}]*)\}/.exec(header)?.[1] ?? '';
  const names = [...body.replace(/\/\*.*?\*\//gs, '').matchAll(/^\s+(XS_\w+)(?: = (.*?))?,/gm)];
  const values = new Map<string, number>();
  let next = 0;
  for (const [, name = '', expression] of names) {
    const sum = /^(XS_\w+) \+ (\d+)$/.exec(expression ?? '');
    if (sum !== null) next = (values.get(sum[1] ?? '') ?? NaN) + Number(sum[2]);
    values.set(name, next++);
  }
  for (const [name, value] of Object.entries(MessageType)) {
    const constant = `XS_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
    t.is(value, values.get(constant) as typeof value, constant);
  }
  t.regex(header, new RegExp(`XENSTORE_PAYLOAD_MAX ${PAYLOAD_MAX_BYTES}\\b`));
});

test('packets come out as they went in, however the stream is cut', (t) => {
  for (let round = 0; round < 300; round++) {
    const sent = Array.from({ length: randomInt(1, 8) }, randomPacket);
    const stream = Buffer.concat(sent.map(encodePacket));
    const parser = new PacketParser();
    const got: Packet[] = [];
    for (let at = 0; at < stream.length;) {
      const end = Math.min(stream.length, at + randomInt(1, round % 3 === 0 ? 8 : 6000));
      parser.push(stream.subarray(at, end));
      at = end;
      const { packets, end: state } = parseAll(parser);
      got.push(...packets);
      t.is(state, 'need-more');
    }
    t.deepEqual(got, sent);
  }
});

test('the parser says how many bytes it lacks', (t) => {
  const bytes = encodePacket({ type: 2, requestId: 1, txId: 0, payload: Buffer.from('abcde') });
  const parser = new PacketParser();
  t.deepEqual(parser.next(), { state: 'need-more', missingBytes: HEADER_BYTES });
  parser.push(bytes.subarray(0, 10));
  t.deepEqual(parser.next(), { state: 'need-more', missingBytes: 6 });
  parser.push(bytes.subarray(10, 17));
  t.deepEqual(parser.next(), { state: 'need-more', missingBytes: 4 });
});

test('a packet that announces more than the limit fails the stream for good', (t) => {
  const parser = new PacketParser();
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(PAYLOAD_MAX_BYTES + 1, 12);
  parser.push(header);
  t.is(parser.next().state, 'failed');
  parser.push(encodePacket({ type: 2, requestId: 1, txId: 0, payload: Buffer.alloc(0) }));
  t.is(parser.next().state, 'failed');
});

test('a payload of exactly the limit passes', (t) => {
  const parser = new PacketParser();
  const packet = { type: 2, requestId: 1, txId: 0, payload: randomBytes(PAYLOAD_MAX_BYTES) };
  parser.push(encodePacket(packet));
  t.deepEqual(parseAll(parser), { packets: [packet], end: 'need-more' });
});

test('random bytes end in packets within the limit, a wait or a failure, never in a throw', (t) => {
  for (let round = 0; round < 500; round++) {
    const parser = new PacketParser();
    for (let i = 0; i < 20; i++) {
      const bytes = randomBytes(randomInt(16, 200));
      // Half of the rounds begin with a plausible length.
      if (round % 2 === 0 && i === 0) bytes.writeUInt32LE(randomInt(300), 12);
      parser.push(bytes);
      const { packets, end } = parseAll(parser);
      t.true(packets.every((packet) => packet.payload.length <= PAYLOAD_MAX_BYTES));
      if (end === 'failed') break;
    }
  }
});

test('a payload that is kept does not keep the chunk it came in', (t) => {
  const chunk = Buffer.concat([
    encodePacket({ type: 2, requestId: 1, txId: 0, payload: Buffer.from('kept') }),
    Buffer.alloc(HEADER_BYTES),
  ]);
  const parser = new PacketParser();
  parser.push(chunk);
  const result = parser.next();
  chunk.fill(0xff);
  t.is(result.state === 'packet' ? result.packet.payload.toString() : '', 'kept');
});
