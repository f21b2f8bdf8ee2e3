// SPDX-License-Identifier: Apache-2.0
// Shares of CPU and memory are computed from the stats, since the start or since the previous table.

import test from 'ava';
import type { ContainerStats } from '../../../../../../toolstack/api/engine.js';
import { runCommandLine } from '../../../../../../toolstack/cli/main.js';
import { fakeClient, fakeEngine } from '../../../../../support/cli/fake-engine.js';

async function line(words: string, change = {}, client = fakeClient()) {
  const { engine, calls } = fakeEngine(change);
  const status = await runCommandLine(words.split(' '), client.client, engine);
  return { status, out: client.out(), err: client.err(), calls };
}

test('once, it is the average since the start', async (t) => {
  const { out, calls } = await line('stats --no-stream web');
  t.deepEqual(calls, [['stats', ['web']]]);
  const [, row = ''] = out.split('\n');
  t.deepEqual(row.split(/ {3,}/), [
    ...['abababababab', 'web', '10.00%', '20.00%', '1 MiB / 64 MiB', '1.56%'],
    ...['1 KiB / 2 KiB', '0 B / 4 KiB', '3'],
  ]);
});

test('a guest that stands still has no figures of its own', async (t) => {
  const { engine } = fakeEngine();
  const [stats] = await engine.stats([]);
  const inGuest = ['cpuNs', 'memoryBytes', 'pids', 'blockIn', 'blockOut'];
  const known = Object.entries(stats!).filter(([key]) => !inGuest.includes(key));
  const rest = Object.fromEntries(known) as unknown as ContainerStats;
  const { out } = await line('stats --no-stream --format {{.CPUPerc}}|{{.MemUsage}}|{{.PIDs}}', {
    stats: () => Promise.resolve([rest]),
  });
  t.is(out, '--|-- / 64 MiB|--\n');
});

test('again and again, it is since the table before, until the client goes', async (t) => {
  const gone = new AbortController();
  const { engine } = fakeEngine();
  const [first] = await engine.stats([]);
  let round = 0;
  const stats = (): Promise<ContainerStats[]> => {
    round++;
    if (round === 3) gone.abort();
    const time = first!.time + round * 1000;
    return Promise.resolve([{ ...first!, time, cpuNs: round * 5e8 }]);
  };
  const client = fakeClient({ signal: gone.signal });
  const { status, out } = await line('stats -i 1 --format {{.CPUPerc}}', { stats }, client);
  t.is(status, 0);
  t.deepEqual(out.split('\n').slice(1), ['50.00%', '50.00%', '']);
  t.false(out.includes('\u001b'));
});

test('processes have podman’s columns, or those that were asked for', async (t) => {
  const { out, calls } = await line('top web');
  t.deepEqual(calls, [['processes', 'web']]);
  const [head = '', row = ''] = out.split('\n');
  t.deepEqual(head.split(/ +/), [
    'USER',
    'PID',
    'PPID',
    '%CPU',
    'ELAPSED',
    'TTY',
    'TIME',
    'COMMAND',
  ]);
  t.deepEqual(row.split(/ {3,}/), ['root', '1', '0', '0.820', '1m1s', '?', '0s', 'httpd -f']);
  t.is((await line('top web pid,args')).out, 'PID   COMMAND\n1     httpd -f\n');
  const { status, err } = await line('top web nix');
  t.is(status, 2);
  t.regex(err, /column nix: user, uid/);
});
