// SPDX-License-Identifier: Apache-2.0
// toolstack/agent/wire.ts says the same as kernels/agent/proto.h, and refuses hellos that are none.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import * as wire from '../../../toolstack/agent/wire.js';
import { readProtoHeader } from '../../support/proto-header.js';

const header = readProtoHeader();

test('message types, faults and limits are those of proto.h', (t) => {
  for (const [name, value] of Object.entries(wire.AgentType))
    t.is(header.get(`THAW_${name}`), value, name);
  for (const [name, value] of Object.entries(wire.AgentFault))
    t.is(header.get(`THAW_E_${name}`), value, name);
  for (const [name, value] of Object.entries(wire.LayerPart))
    t.is(header.get(`THAW_LAYER_${name}`), value, name);
  t.is(header.get('THAW_LAYER'), wire.LAYER);
  t.is(header.get('THAW_LAYERS_MAX'), wire.LAYERS_MAX);
  t.is(header.get('THAW_DATA_MAX'), wire.DATA_MAX);
  t.is(header.get('THAW_PROTO_MAGIC'), wire.PROTO_MAGIC);
  t.is(header.get('THAW_PROTO_VERSION'), wire.PROTO_VERSION);
  t.is(header.get('THAW_CONTROL_MAX'), wire.CONTROL_MAX);
  for (const name of ['CONTROL', 'DATA', 'STATE', 'WAKE'] as const) {
    t.is(header.get(`THAW_XS_${name}`), wire[`XS_${name}`]);
  }
});

test('a hello comes through with its text made printable', (t) => {
  const head = Buffer.alloc(16);
  [wire.PROTO_MAGIC, wire.PROTO_VERSION, 3, 1].forEach((value, i) =>
    head.writeUInt32LE(value, 4 * i),
  );
  const text = Buffer.from('agent\u001b[31m 1');
  const length = Buffer.from([text.length, 0, 0, 0]);
  const hello = wire.decodeHello(Buffer.concat([head, length, text]));
  t.deepEqual(hello, { version: 1, wakes: 3, channel: 1, build: 'agent [31m 1' });
});

test('a hello of another version, without magic, short, or of random bytes is refused', (t) => {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(wire.PROTO_MAGIC, 0);
  head.writeUInt32LE(99, 4);
  t.throws(() => wire.decodeHello(head), { code: 'ERR_PROTOCOL', message: /version 99/ });
  t.throws(() => wire.decodeHello(head.subarray(0, 15)), { code: 'ERR_PROTOCOL' });
  for (let i = 0; i < 100; i++)
    t.throws(() => wire.decodeHello(randomBytes(i)), { code: 'ERR_PROTOCOL' });
});

test('HOLD is one field, and both wakes are those of proto.h', (t) => {
  t.is(wire.encodeHold('c').toString('hex'), '0100000063');
  for (const [name, value] of Object.entries(wire.Wake))
    t.is(header.get(`THAW_WAKE_${name}`), value, name);
});

test('FILES, FILL and SHM are fields', (t) => {
  t.is(wire.encodeFiles('thaw').toString('hex'), '0400000074686177');
  t.is(
    wire.encodeFill('r', '/d', 't', '0').toString('hex'),
    '0100000072' + '020000002f64' + '0100000074' + '0100000030',
  );
  t.is(wire.encodeShm('c', '/d', 'n').toString('hex'), '0100000063020000002f64010000006e');
});

test('LIMIT is five fields, of which an empty one leaves what there is', (t) => {
  t.is(
    wire
      .encodeLimit({ container: 'c', cpuMax: 'max 1', pidsMax: '', memoryMax: '9', freeze: '1' })
      .toString('hex'),
    '0100000063' + '050000006d61782031' + '00000000' + '0100000039' + '0100000031',
  );
});

test('EXEC is struct thaw_exec and two fields', (t) => {
  const bytes = wire.encodeExec({
    ...{ process: 2, flags: 3, rows: 24, cols: 80, container: 'c', processJson: '{}' },
  });
  t.is(bytes.toString('hex'), '020000000300000018005000' + '0100000063' + '020000007b7d');
});

test('NETWORK is struct thaw_network and the name; what is not there is 0', (t) => {
  const ipv4 = {
    address: Buffer.from([10, 0, 0, 2]),
    prefix: 24,
    gateway: Buffer.from([10, 0, 0, 1]),
  };
  const bytes = wire.encodeNetwork({
    ...{ interface: 'eth0', mac: Buffer.from('00163e010203', 'hex'), ipv4, mtu: 1500 },
  });
  const head = '00163e010203' + '1800' + '0a000002' + '0a000001' + '00'.repeat(32) + 'dc050000';
  t.is(bytes.toString('hex'), `${head}0400000065746830`);
  const ipv6 = { address: Buffer.alloc(16, 1), prefix: 64, gateway: Buffer.alloc(16, 2) };
  const six = wire.encodeNetwork({ interface: 'e', ipv6 }).toString('hex');
  t.is(
    six,
    `${'00'.repeat(6)}0040${'00'.repeat(8)}${'01'.repeat(16)}${'02'.repeat(16)}00000000${'0100000065'}`,
  );
});
