// SPDX-License-Identifier: Apache-2.0
// thaw stats: shows CPU, memory and I/O of containers, once or repeatedly.

import type { Client, ContainerStats, Engine } from '../../../../api/engine.js';
import { sleep } from '../../../../base/deadline.js';
import { formatBytes } from '../../../../base/text.js';
import { flag, stringOption, type Command, type Parsed } from '../../../command.js';
import { renderEach } from '../../../output/format.js';
import { formatJson, formatTable } from '../../../output/table.js';
import { whole } from '../../../options/values.js';

export const statsCommand: Command = {
  name: 'stats',
  summary: 'Show the CPU, memory and I/O that containers use',
  params: '[CONTAINER...]',
  examples: [
    'thaw stats',
    'thaw stats --no-stream web db',
    "thaw stats --format '{{.Name}} {{.CPUPerc}}'",
  ],
  options: {
    'no-stream': { type: 'boolean', describe: 'Print once, with average CPU use since the start' },
    'no-reset': { type: 'boolean', describe: 'Do not clear the screen between two tables' },
    interval: { type: 'string', short: 'i', describe: 'Seconds between two tables (default 5)' },
    format: { type: 'string', describe: 'json, or a template such as {{.Name}} {{.MemUsage}}' },
  },
  positionals: { min: 0, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const seconds = whole('--interval', stringOption(parsed, 'interval'), 1, 3600) ?? 5;
    if (flag(parsed, 'no-stream')) {
      client.out(show(await engine.stats(parsed.positional), new Map(), parsed));
      return 0;
    }
    await repeat(parsed, client, engine, seconds * 1000);
    return 0;
  },
};

/** Runs until the client disconnects. */
async function repeat(
  parsed: Parsed,
  client: Client,
  engine: Engine,
  intervalMs: number,
): Promise<void> {
  const clear = client.isTerminal.stdout && !flag(parsed, 'no-reset') ? '\u001b[2J\u001b[H' : '';
  let before = new Map<string, ContainerStats>();
  for (;;) {
    const stats = await engine.stats(parsed.positional);
    client.out(`${clear}${show(stats, before, parsed)}`);
    await client.drained();
    before = new Map(stats.map((one) => [one.id, one]));
    try {
      await sleep(intervalMs, client.signal);
    } catch {
      return;
    }
  }
}

function show(
  stats: ContainerStats[],
  before: Map<string, ContainerStats>,
  parsed: Parsed,
): string {
  const format = stringOption(parsed, 'format');
  const items = stats.map((one) => fields(one, before.get(one.id)));
  if (format === 'json') return formatJson(items);
  if (format !== undefined) return renderEach(format, items);
  const rows = items.map((item) => Object.values(item));
  return formatTable(HEAD, rows);
}

const HEAD = [
  ...['ID', 'NAME', 'CPU %', 'DOMAIN CPU %', 'MEM USAGE / LIMIT', 'MEM %'],
  ...['NET IO', 'BLOCK IO', 'PIDS'],
];

/** Returns podman's fields; an unknown value is `--`. CPU is counted from `before`, or from the container's start. */
function fields(now: ContainerStats, before: ContainerStats | undefined): Record<string, string> {
  const ms = now.time - (before?.time ?? now.started);
  const share = (key: 'cpuNs' | 'domainCpuNs'): string =>
    now[key] === undefined ? UNKNOWN : percent((now[key] - (before?.[key] ?? 0)) / 1e6, ms);
  const { memoryBytes, memoryLimitBytes: limit } = now;
  return {
    ID: now.id.slice(0, 12),
    Name: now.name,
    CPUPerc: share('cpuNs'),
    DomainCPUPerc: share('domainCpuNs'),
    MemUsage: `${bytes(memoryBytes)} / ${formatBytes(limit)}`,
    MemPerc: memoryBytes === undefined ? UNKNOWN : percent(memoryBytes, limit),
    NetIO: `${formatBytes(now.networkIn)} / ${formatBytes(now.networkOut)}`,
    BlockIO: `${bytes(now.blockIn)} / ${bytes(now.blockOut)}`,
    PIDs: now.pids === undefined ? UNKNOWN : String(now.pids),
  };
}

const UNKNOWN = '--';

function bytes(value: number | undefined): string {
  return value === undefined ? UNKNOWN : formatBytes(value);
}

function percent(part: number, whole: number): string {
  return `${whole > 0 ? ((100 * Math.max(0, part)) / whole).toFixed(2) : '0.00'}%`;
}
