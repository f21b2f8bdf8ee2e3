// SPDX-License-Identifier: Apache-2.0
// Formats a guest's stats for engines, and its processes as a table.
import test from 'ava';
import type { Client } from '../../../../../toolstack/api/client.js';
import { encodeFields } from '../../../../../toolstack/base/frame.js';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import { durationMs, printEvents } from '../../../../../toolstack/frontends/oci/verbs/events.js';
import {
  OciStore,
  type OciRecord,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import { processTable, statsEvent } from '../../../../../toolstack/frontends/oci/verbs/stats.js';
import type { Sandbox } from '../../../../../toolstack/sandbox/sandbox.js';

const FIGURES = ['usage_usec 1500000\n', '8192\n', 'inactive_file 4096\n', '3\n', '', ''];

function running(answer: Buffer) {
  const record = {
    key: 'k',
    id: 'one',
    state: 'running',
    limits: { pids: 9 },
    sandbox: { memoryKib: 65536 },
  } as OciRecord;
  const container = new OciContainer(record, new OciStore('/none'), silentLog());
  container.sandbox = {
    agent: () => Promise.resolve({ request: () => Promise.resolve(answer) }),
    destroy: () => Promise.resolve(),
  } as unknown as Sandbox;
  return container;
}

test('events end with the container, and say that it ran out of memory', async (t) => {
  const container = running(encodeFields(FIGURES));
  const said: string[] = [];
  const client = { signal: new AbortController().signal, out: (text: string) => said.push(text) };
  const printed = printEvents(container, { interval: '1m' }, client as unknown as Client);
  await new Promise(setImmediate);
  const exit = { kind: 'exited', code: 137, oomKilled: true } as const;
  container.record.cgroup = '';
  await container.end({ exit });
  await printed;
  t.deepEqual(
    said.map((line) => (JSON.parse(line) as { type: string }).type),
    ['stats', 'oom'],
  );
});

test('runc’s form: nanoseconds, bytes, numbers', async (t) => {
  t.like(await statsEvent(running(encodeFields(FIGURES))), {
    type: 'stats',
    id: 'one',
    data: {
      cpu: { usage: { total: 1_500_000_000 } },
      memory: { usage: { limit: 65536 * 1024, usage: 4096 } },
      pids: { current: 3, limit: 9 },
    },
  });
});

test('what does not run has none, and what a guest sends is not believed', async (t) => {
  const container = running(Buffer.from('no fields'));
  await t.throwsAsync(statsEvent(container), { name: 'ProtocolError' });
  Object.assign(container.record, { state: 'exited' });
  await t.throwsAsync(statsEvent(container), { code: 'ERR_OCI_STATE' });
});

test('a table of processes', (t) => {
  const process = {
    uid: 0,
    ppid: 0,
    state: 'S',
    tty: '?',
    cpuMs: 3_661_000,
    elapsedMs: 0,
    memoryBytes: 0,
  };
  const text = processTable([
    { ...process, pid: 1, command: 'sleep 10' },
    { ...process, pid: 12, ppid: 1, uid: 1000, tty: 'pts/0', command: 'sh' },
  ]);
  t.is(
    text,
    'UID  PID PPID STAT TTY   TIME     CMD\n' +
      '0    1   0    S    ?     01:01:01 sleep 10\n' +
      '1000 12  1    S    pts/0 01:01:01 sh\n',
  );
});

test('an interval is Go’s', (t) => {
  t.deepEqual(['5s', '250ms', '1.5s', '2m'].map(durationMs), [5000, 250, 1500, 120_000]);
  for (const text of ['', '5', '0s', '-1s', '1h'])
    t.throws(() => durationMs(text), { code: 'ERR_USAGE' });
});
