// SPDX-License-Identifier: Apache-2.0
// /metrics for Prometheus: usage of the host and its containers, and the times of clones. It is loaded only where metrics are configured.

import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { ContainerStats, ContainerSummary, TemplateSummary } from '../api/engine.js';
import { describeError } from '../base/errors.js';
import type { Log } from '../base/log.js';
import { VERSION } from '../base/version.js';

export interface MetricsSource {
  containers(): ContainerSummary[];
  stats(): Promise<ContainerStats[]>;
  templates(): Promise<TemplateSummary[]>;
  memory(): Promise<{ totalBytes: number; freeBytes: number }>;
  xenVersion: string;
}

/** Histogram buckets in seconds. */
const CLONE_BUCKETS = [0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const STATES = ['created', 'creating', 'starting', 'running', 'paused', 'exited', 'lost'] as const;

export class Metrics {
  readonly #registry = new Registry();
  readonly #source: MetricsSource;
  readonly #clones: Histogram;
  readonly #gauges = new Map<string, Gauge>();
  readonly #counters = new Map<string, Counter>();

  constructor(source: MetricsSource) {
    this.#source = source;
    this.#clones = new Histogram({
      name: 'thaw_clone_seconds',
      help: 'Time from a template to a clone that is not unpaused yet',
      buckets: CLONE_BUCKETS,
      registers: [this.#registry],
    });
  }

  /** Counts a clone that took so many milliseconds. */
  observeClone(ms: number): void {
    this.#clones.observe(ms / 1000);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Resolves with all current figures in Prometheus' text format. */
  async text(): Promise<string> {
    const [stats, templates, memory] = await Promise.all([
      this.#source.stats(),
      this.#source.templates(),
      this.#source.memory(),
    ]);
    this.#host(templates, memory);
    this.#containers(stats);
    return this.#registry.metrics();
  }

  #host(templates: TemplateSummary[], memory: { totalBytes: number; freeBytes: number }): void {
    const xen = this.#source.xenVersion;
    this.#gauge('thaw_info', 'Versions', { version: VERSION, xen }, 1);
    this.#gauge('thaw_xen_memory_bytes', 'Memory of the host that Xen has', {}, memory.totalBytes);
    this.#gauge('thaw_xen_memory_free_bytes', 'Of it, nobody’s', {}, memory.freeBytes);
    const all = this.#source.containers();
    for (const state of STATES) {
      const count = all.filter((container) => container.state === state).length;
      this.#gauge('thaw_containers', 'Containers by their state', { state }, count);
    }
    this.#gauges.get('thaw_pool_ready')?.reset();
    for (const { key, name = '', type, kind, ready } of templates) {
      const labels = { template: key ?? '', name, type, kind };
      this.#gauge('thaw_pool_ready', 'Clones that wait', labels, ready);
    }
  }

  #containers(stats: ContainerStats[]): void {
    for (const metric of [...this.#counters.values()]) metric.reset();
    for (const [name, gauge] of this.#gauges) if (name.startsWith('thaw_container_')) gauge.reset();
    const images = new Map(this.#source.containers().map(({ id, image }) => [id, image]));
    for (const one of stats) {
      const labels = { id: one.id.slice(0, 12), name: one.name, image: images.get(one.id) ?? '' };
      for (const [name, help, value] of countersOf(one)) this.#counter(name, help, labels, value);
      for (const [name, help, value] of gaugesOf(one)) this.#gauge(name, help, labels, value);
    }
  }

  #gauge(name: string, help: string, labels: Record<string, string>, value?: number): void {
    if (value === undefined) return;
    const known = this.#gauges.get(name);
    const gauge =
      known ??
      new Gauge({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] });
    this.#gauges.set(name, gauge);
    gauge.set(labels, value);
  }

  /** Sets the counter to a value: it is reset before. */
  #counter(name: string, help: string, labels: Record<string, string>, value?: number): void {
    if (value === undefined) return;
    const known = this.#counters.get(name);
    const counter =
      known ??
      new Counter({ name, help, labelNames: Object.keys(labels), registers: [this.#registry] });
    this.#counters.set(name, counter);
    counter.inc(labels, value);
  }
}

type Figure = [name: string, help: string, value: number | undefined];

function countersOf(one: ContainerStats): Figure[] {
  const seconds = (ns: number | undefined) => (ns === undefined ? undefined : ns / 1e9);
  const prefix = 'thaw_container';
  return [
    [`${prefix}_cpu_seconds_total`, 'CPU time of its processes', seconds(one.cpuNs)],
    [`${prefix}_domain_cpu_seconds_total`, 'CPU time of its domain', seconds(one.domainCpuNs)],
    [`${prefix}_network_receive_bytes_total`, 'Bytes it received', one.networkIn],
    [`${prefix}_network_transmit_bytes_total`, 'Bytes it sent', one.networkOut],
    [`${prefix}_block_read_bytes_total`, 'Bytes it read from disks', one.blockIn],
    [`${prefix}_block_write_bytes_total`, 'Bytes it wrote to disks', one.blockOut],
  ];
}

function gaugesOf(one: ContainerStats): Figure[] {
  const prefix = 'thaw_container';
  return [
    [`${prefix}_memory_bytes`, 'Memory of its processes and their files', one.memoryBytes],
    [`${prefix}_memory_limit_bytes`, 'Memory of its domain', one.memoryLimitBytes],
    [`${prefix}_processes`, 'Its processes', one.pids],
  ];
}

/** Answers GET /metrics at the address. Rejects where the address is not available. */
export async function serveMetrics(
  metrics: Metrics,
  { host, port }: { host: string; port: number },
  log: Log,
): Promise<Server> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('thaw: GET /metrics\n');
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => {
        log.warn(`Cannot send metrics to ${request.socket.remoteAddress}: ${describeError(error)}`);
        response
          .writeHead(500, { 'content-type': 'text/plain' })
          .end('thaw: see the log of thawd\n');
      },
    );
  });
  server.requestTimeout = 10_000;
  server.maxConnections = 32;
  server.listen(port, host);
  await once(server, 'listening');
  server.unref();
  return server;
}
