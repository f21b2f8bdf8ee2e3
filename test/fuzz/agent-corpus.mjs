// SPDX-License-Identifier: Apache-2.0
// Writes the seeds for agent_frames_fuzz into the given folder: one well-formed conversation of each kind, for the fuzzer to mutate.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
if (!folder) {
  console.error('usage: node agent-corpus.mjs FOLDER');
  process.exit(2);
}

const [CONTROL, DATA, CONTROL_GONE, DATA_GONE, CRUN_ENDS, PROCESS_ENDS, WRITES, TURN] =
  Array(8).keys();

const u32 = (...values) =>
  Buffer.concat(values.map((value) => Buffer.from(Uint32Array.of(value).buffer)));
const field = (content) => Buffer.concat([u32(Buffer.byteLength(content)), Buffer.from(content)]);
const frame = (type, id, arg, ...parts) => {
  const payload = Buffer.concat(parts);
  return Buffer.concat([u32(payload.length, type, id, arg), payload]);
};

/** Operations of at most 255 bytes each. */
const operation = (kind, bytes = Buffer.alloc(0)) => {
  const pieces = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255) {
    const piece = bytes.subarray(at, at + 255);
    pieces.push(Buffer.from([kind, piece.length]), piece);
  }
  return Buffer.concat(pieces);
};

const turn = operation(TURN);
const control = (...args) => Buffer.concat([operation(CONTROL, frame(...args)), turn]);
const data = (...args) => Buffer.concat([operation(DATA, frame(...args)), turn]);
const identity = control(
  0x11,
  1,
  0,
  u32(0, 0),
  field('s'.repeat(32)),
  field('host'),
  field('0'.repeat(32)),
);
const start = (flags) =>
  control(
    0x14,
    2,
    0,
    u32(7, flags),
    Buffer.from([24, 0, 80, 0]),
    u32(1),
    field('c'),
    field('r'),
    field('{}'),
    field('f'),
    field('x'),
  );
const running = (flags) => [identity, start(flags), operation(CRUN_ENDS, Buffer.from([0])), turn];
const end = [
  operation(PROCESS_ENDS, Buffer.from([3])),
  turn,
  control(0x16, 9, 0, field('c')),
  operation(CRUN_ENDS, Buffer.from([0])),
  turn,
];

const seeds = {
  ping: [control(0x10, 1, 0, Buffer.from('hello'))],
  identity: [identity],
  mount: [
    control(0x12, 1, 0, u32(2, 0, 64, 0), field('root'), field('xvda'), field('xvdb')),
    control(0x17, 2, 0, field('root')),
  ],
  netlink: [
    control(0x24, 1, 0, u32(0), field('')),
    control(0x24, 2, 0, u32(1), field(Buffer.concat([u32(20, 20, 0, 0, 7), u32(17, 24, 0, 0, 7)]))),
  ],
  network: [
    control(
      0x1d,
      1,
      0,
      u32(0, 0x18000000, 0x0200000a, 0x0100000a, ...Array(8).fill(0), 1500),
      field('eth0'),
    ),
  ],
  share: [
    ...running(0),
    control(0x25, 4, 0, field('c'), field('/dev/shm'), field('other')),
    turn,
    ...end,
  ],
  resize: [control(0x13, 1, 0, u32(1, 0, 1, 0, 0, 0))],
  start: [...running(0), ...end],
  failed: [identity, start(1), operation(CRUN_ENDS, Buffer.from([1])), turn],
  early: [
    identity,
    start(0),
    operation(PROCESS_ENDS, Buffer.from([1])),
    operation(CRUN_ENDS, Buffer.from([0])),
    turn,
  ],
  terminal: [...running(3), data(0x35, 7, 0, Buffer.from([50, 0, 100, 0])), ...end],
  input: [...running(1), data(0x30, 7, 0, Buffer.from('input')), data(0x31, 7, 0), ...end],
  output: [
    ...running(0),
    operation(WRITES, Buffer.from('output')),
    turn,
    data(0x32, 7, 1, u32(6)),
    data(0x31, 7, 1),
    ...end,
  ],
  stats: [...running(0), data(0x38, 7, 0), turn, data(0x38, 7, 0), data(0x38, 7, 0), ...end],
  signal: [...running(0), data(0x34, 7, 15), control(0x15, 3, 0, u32(7, 9)), ...end],
  freeze: [control(0x18, 1, 0), operation(CONTROL_GONE), operation(DATA_GONE), turn],
  created: [
    control(
      0x1a,
      2,
      0,
      u32(8, 1, 0, 1),
      field('k'),
      field('root'),
      field('{}'),
      field('hosts'),
      field('x'),
    ),
    operation(CRUN_ENDS, Buffer.from([0])),
    turn,
    control(0x18, 1, 0),
    operation(CONTROL_GONE),
    operation(DATA_GONE),
    turn,
    identity,
    control(0x1b, 3, 0, u32(7, 0, 0, 1), field('k'), field('host'), field('hosts'), field('y')),
    turn,
  ],
  held: [
    ...running(0),
    control(0x1c, 3, 0, field('c')),
    turn,
    data(0x37, 0, 0),
    operation(CONTROL_GONE),
    operation(DATA_GONE),
    turn,
    turn,
    identity,
    control(0x1b, 4, 0, u32(9, 0, 0, 0), field('c'), field('host')),
    data(0x34, 9, 15),
    operation(PROCESS_ENDS, Buffer.from([1])),
    turn,
    ...end,
  ],
  exec: [
    ...running(0),
    control(0x19, 3, 0, u32(8, 1, 0), field('c'), field('{"args":["true"],"cwd":"/"}')),
    operation(CRUN_ENDS, Buffer.from([0])),
    turn,
    data(0x30, 8, 0, Buffer.from('input')),
    data(0x34, 8, 15),
    operation(PROCESS_ENDS, Buffer.from([1])),
    turn,
    ...end,
  ],
  orphan: [
    ...running(0),
    control(0x19, 3, 0, u32(8, 0, 0), field('c'), field('{}')),
    operation(PROCESS_ENDS, Buffer.from([1])),
    operation(CRUN_ENDS, Buffer.from([1])),
    turn,
    ...end,
  ],
  layer: [
    data(0x36, 1, 1, u32(5, 0)),
    data(0x36, 1, 2, Buffer.from('12')),
    control(0x12, 1, 0, u32(1, 0, 64, 0), field('root'), field('layer-1')),
    data(0x36, 1, 2, Buffer.from('345')),
    turn,
  ],
  limit: [
    ...running(0),
    control(0x22, 3, 0, field('c'), field('50000 100000'), field(''), field('9')),
    control(0x22, 4, 0, field('none'), field(''), field('max'), field('')),
    ...end,
  ],
  leave: [...running(1), operation(CONTROL_GONE), operation(DATA_GONE), turn, ...end],
  broken: [
    operation(CONTROL, Buffer.alloc(32, 0xff)),
    turn,
    operation(DATA, Buffer.alloc(32, 0xff)),
    turn,
  ],
};

mkdirSync(folder, { recursive: true });
for (const [name, parts] of Object.entries(seeds))
  writeFileSync(join(folder, name), Buffer.concat(parts));
