// SPDX-License-Identifier: Apache-2.0
// toolstack/api/wire.ts matches kernels/agent/proto.h. Requests and statuses survive encoding and decoding.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { encodeFields } from '../../../toolstack/base/frame.js';
import * as wire from '../../../toolstack/api/wire.js';
import { readProtoHeader } from '../../support/agent/proto-header.js';

const header = readProtoHeader();

test('message types, flags and limits are those of proto.h', (t) => {
  for (const [name, value] of Object.entries(wire.ApiType))
    t.is(header.get(`THAW_${name}`), value, name);
  for (const [name, value] of Object.entries(wire.ProcessFlag))
    t.is(header.get(`THAW_PROCESS_${name}`), value, name);
  for (const [name, value] of Object.entries(wire.Forget))
    t.is(header.get(`THAW_FORGET_${name}`), value, name);
  t.is(header.get('THAW_PROTO_VERSION'), wire.API_VERSION);
  t.is(header.get('THAW_CONTROL_MAX'), wire.REQUEST_MAX);
  t.is(header.get('THAW_DATA_MAX'), wire.SHIM_MAX);
  t.is(header.get('THAW_SHARE_RINGS'), wire.SHARE_RINGS);
  t.is(header.get('THAW_EXPORTS_MAX'), wire.EXPORTS_MAX);
});

test('SHARE is struct thaw_share, and two fields for each export', (t) => {
  const rings = [
    { ref: 8, port: 3 },
    { ref: 9, port: 4 },
  ];
  const exports = [
    { path: '/a', readOnly: false },
    { path: '/b', readOnly: true },
    { path: '/c', readOnly: false, isSlave: true },
  ];
  const head = '0800000009000000' + '0300000004000000' + '03000000';
  t.is(
    wire.encodeShare(rings, exports).toString('hex'),
    `${head}02000000${'7277'}02000000${'2f61'}02000000${'726f'}02000000${'2f62'}` +
      `08000000${Buffer.from('rw,slave').toString('hex')}02000000${'2f63'}`,
  );
  const withSnapshot = wire.encodeShare(rings, exports, '/d').toString('hex');
  t.is(withSnapshot, `${wire.encodeShare(rings, exports).toString('hex')}02000000${'2f64'}`);
});

test('a request comes back as it went', (t) => {
  const request = {
    cwd: '/root',
    argv: ['thaw', 'run', '', 'ä\n'],
    env: ['A=1', 'B='],
    ttys: { stdin: true, stdout: false, stderr: true },
    rows: 24,
    cols: 80,
  };
  t.deepEqual(wire.decodeRequest(wire.encodeRequest(request)), request);
});

test('malformed requests are refused', (t) => {
  const good = wire.encodeRequest({
    cwd: '/',
    argv: ['thaw'],
    env: [],
    ttys: { stdin: false, stdout: false, stderr: false },
    rows: 0,
    cols: 0,
  });
  const other = Buffer.from(good);
  other.writeUInt32LE(2, 0);
  t.throws(() => wire.decodeRequest(other), { code: 'ERR_PROTOCOL', message: /version 2/ });
  const more = Buffer.from(good);
  more.writeUInt32LE(0xffffffff, 12);
  t.throws(() => wire.decodeRequest(more), { code: 'ERR_PROTOCOL' });
  for (let cut = 0; cut < good.length; cut++) {
    t.throws(() => wire.decodeRequest(good.subarray(0, cut)), { code: 'ERR_PROTOCOL' });
  }
});

test('exit statuses become what a shell shows', (t) => {
  const pack = (kind: number, value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(kind, 0);
    bytes.writeUInt32LE(value, 4);
    return bytes;
  };
  const exited = wire.decodeExit(pack(1, 255));
  const signaled = wire.decodeExit(pack(2, 9));
  t.is(exited && wire.shellStatus(exited), 255);
  t.is(signaled && wire.shellStatus(signaled), 137);
  t.is(wire.decodeExit(pack(0, 0)), undefined);
  for (const [kind, value] of [
    [1, 256],
    [2, 0],
    [2, 65],
    [3, 0],
  ] as const) {
    t.throws(() => wire.decodeExit(pack(kind, value)), { code: 'ERR_PROTOCOL' });
  }
});

test('a shim status comes through, and garbage is refused', (t) => {
  const one = Buffer.alloc(16);
  [7, 256 + 3, 2, 15].forEach((value, i) => one.writeUInt32LE(value, 4 * i));
  t.deepEqual(wire.decodeShimStatus(encodeFields(['lost: domain destroyed', one])), {
    state: 'lost',
    reason: 'domain destroyed',
    processes: [{ process: 7, flags: 3, hasBegun: true, exit: { kind: 'signaled', signal: 15 } }],
  });
  t.throws(() => wire.decodeShimStatus(encodeFields(['sideways'])), { code: 'ERR_PROTOCOL' });
  t.throws(() => wire.decodeShimStatus(encodeFields(['up', randomBytes(15)])), {
    code: 'ERR_PROTOCOL',
  });
});
