// SPDX-License-Identifier: Apache-2.0
// Well-formed reports of a guest are read. Malformed reports do no harm.

import { randomBytes } from 'node:crypto';
import test from 'ava';
import { decodeMemory, decodeProcesses, decodeStats } from '../../../toolstack/agent/report.js';
import { encodeFields } from '../../../toolstack/base/frame.js';

test('figures are those of the files', (t) => {
  const files = [
    'usage_usec 1500\nuser_usec 1000\nsystem_usec 500\n',
    '3145728\n',
    'anon 1000\ninactive_file 1048576\nactive_file 5\n',
    '7\n',
    '202:0 rbytes=100 wbytes=20 rios=1 wios=1\n202:16 rbytes=1 wbytes=2\n',
    'MemTotal: 1 kB\n',
  ];
  t.deepEqual(decodeStats(encodeFields(files)), {
    cpuNs: 1_500_000,
    memoryBytes: 2 ** 21,
    pids: 7,
    blockIn: 101,
    blockOut: 22,
  });
});

test('of memory it is told what processes could have', (t) => {
  const meminfo = 'MemTotal:    60000 kB\nMemAvailable:   40000 kB\n';
  t.deepEqual(decodeMemory(encodeFields(['', '', '', '', '', meminfo])), { availableKib: 40000 });
  t.deepEqual(decodeMemory(encodeFields([])), { availableKib: 0 });
});

test('what is not there, or no figure, is 0', (t) => {
  const none = { cpuNs: 0, memoryBytes: 0, pids: 0, blockIn: 0, blockOut: 0 };
  t.deepEqual(decodeStats(encodeFields([])), none);
  t.deepEqual(decodeStats(encodeFields(['usage_usec x', '-5', '', '1e999', 'rbytes=', ''])), none);
  t.deepEqual(decodeStats(encodeFields(['', '5', 'inactive_file 9\n'])), none);
});

const STAT = (pid: number, ppid: number, name: string, tty = 0) =>
  `${pid} (${name}) S ${ppid} 1 1 ${tty} 1 4194560 1 0 0 0 30 20 0 0 20 0 1 0 5000 1000 10 0\n`;
const STATUS = (uid: number, inner: number) =>
  `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nNSpid:\t99\t${inner}\nVmRSS:\t  1024 kB\n`;

test('processes have the numbers that the container sees', (t) => {
  const payload = encodeFields([
    '60.00 100.00\n',
    ...[STAT(99, 1, 'sh'), STATUS(0, 1), 'sh\0-c\0sleep 1\0'],
    ...[STAT(100, 99, 'a) b (c', 34816), STATUS(1000, 7), ''],
    ...['', '', ''],
  ]);
  const [first, second, ...more] = decodeProcesses(payload);
  t.deepEqual(more, []);
  t.like(first, { pid: 1, ppid: 0, uid: 0, state: 'S', tty: '?', cpuMs: 500, elapsedMs: 10_000 });
  t.like(first, { command: 'sh -c sleep 1', memoryBytes: 2 ** 20 });
  t.like(second, { pid: 7, ppid: 1, uid: 1000, tty: 'pts/0', command: '[a) b (c]' });
});

test('control characters do not reach a terminal', (t) => {
  const payload = encodeFields(['1', STAT(1, 0, 'x'), STATUS(0, 1), '\u001b[2Jevil\0\r\n']);
  t.false(/\p{Cc}/u.test(decodeProcesses(payload)[0]?.command ?? '\u0000'));
});

test('a process in part, too many of them, and random bytes are refused or harmless', (t) => {
  const refused = { code: 'ERR_PROTOCOL' };
  t.throws(() => decodeProcesses(encodeFields(['1', 'x'])), refused);
  t.throws(() => decodeProcesses(encodeFields(Array<string>(2000).fill(''))), refused);
  for (let i = 0; i < 500; i++)
    for (const decode of [decodeStats, decodeProcesses])
      try {
        decode(encodeFields([randomBytes(i), randomBytes(40), randomBytes(40), randomBytes(9)]));
      } catch (error) {
        t.like(error, refused);
      }
});
