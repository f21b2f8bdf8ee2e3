// SPDX-License-Identifier: Apache-2.0
// Metrics are sampled when requested, in Prometheus' format, and cover no container that has gone.

import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import { silentLog } from '../../../toolstack/base/log.js';
import { Metrics, serveMetrics, type MetricsSource } from '../../../toolstack/daemon/metrics.js';
import { CONTAINER, fakeEngine } from '../../support/cli/fake-engine.js';

async function source(): Promise<MetricsSource> {
  const { engine } = fakeEngine();
  const [stats, templates] = [await engine.stats([]), await engine.templates()];
  return {
    containers: () => [CONTAINER],
    stats: () => Promise.resolve(stats),
    templates: () => Promise.resolve(templates),
    memory: () => Promise.resolve({ totalBytes: 2 ** 32, freeBytes: 2 ** 31 }),
    xenVersion: '4.20.0',
  };
}

test('host, pool, containers and clones are told of', async (t) => {
  const metrics = new Metrics(await source());
  metrics.observeClone(12.5);
  const text = await metrics.text();
  const labels = '{id="abababababab",name="web",image="busybox:latest"}';
  for (const line of [
    'thaw_xen_memory_free_bytes 2147483648',
    'thaw_containers{state="running"} 1',
    'thaw_containers{state="exited"} 0',
    'thaw_pool_ready{template="k",name="web",type="pvh",kind="image"} 1',
    `thaw_container_cpu_seconds_total${labels} 1`,
    `thaw_container_domain_cpu_seconds_total${labels} 2`,
    `thaw_container_memory_bytes${labels} 1048576`,
    `thaw_container_network_receive_bytes_total${labels} 1024`,
    'thaw_clone_seconds_bucket{le="0.01"} 0',
    'thaw_clone_seconds_bucket{le="0.015"} 1',
    'thaw_clone_seconds_count 1',
  ])
    t.true(text.split('\n').includes(line), line);
});

test('who has gone is told of no more, and counters do not add up over looks', async (t) => {
  const from = await source();
  const metrics = new Metrics(from);
  await metrics.text();
  t.regex(await metrics.text(), /^thaw_container_cpu_seconds_total\{.*\} 1$/m);
  from.stats = () => Promise.resolve([]);
  t.notRegex(await metrics.text(), /^thaw_container_.*\{/m);
});

function fetched(port: number, path: string): Promise<[number | undefined, string]> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve([response.statusCode, body]));
    });
    request.on('error', reject);
  });
}

test('they are had at /metrics and nowhere else, and a failure is a status', async (t) => {
  const from = await source();
  const server = await serveMetrics(new Metrics(from), { host: '127.0.0.1', port: 0 }, silentLog());
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const [status, text] = await fetched(port, '/metrics');
  t.is(status, 200);
  t.regex(text, /^# HELP thaw_clone_seconds /m);
  t.is((await fetched(port, '/'))[0], 404);
  from.memory = () => Promise.reject(new Error('no Xen'));
  const [failed, body] = await fetched(port, '/metrics');
  t.is(failed, 500);
  t.false(body.includes('no Xen'));
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
});
