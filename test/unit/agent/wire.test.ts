// SPDX-License-Identifier: Apache-2.0
// toolstack/agent/wire.ts matches kernels/agent/proto.h, and refuses malformed hellos.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import * as wire from '../../../toolstack/agent/wire.js';
import { readProtoHeader } from '../../support/agent/proto-header.js';

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

test('both wakes are those of proto.h', (t) => {
  for (const [name, value] of Object.entries(wire.Wake))
    t.is(header.get(`THAW_WAKE_${name}`), value, name);
});
