// SPDX-License-Identifier: Apache-2.0
// thaw top: lists the processes of a container.

import type { ProcessInfo } from '../../../../api/engine.js';
import { formatBytes } from '../../../../base/text.js';
import { stringOption, type Command } from '../../../command.js';
import { formatJson, formatTable } from '../../../output/table.js';
import { UsageError } from '../../../options/usage-error.js';

export const topCommand: Command = {
  name: 'top',
  summary: 'List the processes of a container',
  params: 'CONTAINER [COLUMN...]',
  examples: ['thaw top web', 'thaw top web pid user args'],
  options: {
    format: { type: 'string', describe: 'json' },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [name = '', ...words] = parsed.positional;
    const format = stringOption(parsed, 'format');
    if (format !== undefined && format !== 'json')
      throw new UsageError(`Cannot use --format ${format}: json is allowed`);
    const columns = words.length > 0 ? words.flatMap((word) => word.split(',')) : DEFAULT;
    const wrong = columns.find((column) => !Object.hasOwn(COLUMNS, column));
    if (wrong !== undefined)
      throw new UsageError(
        `Cannot use column ${wrong}: ${Object.keys(COLUMNS).join(', ')} are allowed`,
      );
    const processes = await engine.processes(name);
    if (format === 'json') client.out(formatJson(processes));
    else {
      const rows = processes.map((process) => columns.map((column) => cell(column, process)));
      client.out(
        formatTable(
          columns.map((column) => COLUMNS[column]?.[0] ?? ''),
          rows,
        ),
      );
    }
    return 0;
  },
};

type Column = [head: string, show: (process: ProcessInfo) => string];

/** Columns by podman's names. */
const COLUMNS: Record<string, Column> = {
  user: ['USER', ({ user }) => user],
  uid: ['UID', ({ uid }) => String(uid)],
  pid: ['PID', ({ pid }) => String(pid)],
  ppid: ['PPID', ({ ppid }) => String(ppid)],
  pcpu: [
    '%CPU',
    ({ cpuMs, elapsedMs }) => (elapsedMs > 0 ? ((100 * cpuMs) / elapsedMs).toFixed(3) : '0.000'),
  ],
  etime: ['ELAPSED', ({ elapsedMs }) => clock(elapsedMs)],
  tty: ['TTY', ({ tty }) => tty],
  time: ['TIME', ({ cpuMs }) => clock(cpuMs)],
  state: ['STATE', ({ state }) => state],
  rss: ['RSS', ({ memoryBytes }) => formatBytes(memoryBytes)],
  args: ['COMMAND', ({ command }) => command],
};

const DEFAULT = ['user', 'pid', 'ppid', 'pcpu', 'etime', 'tty', 'time', 'args'];

function cell(column: string, process: ProcessInfo): string {
  return COLUMNS[column]?.[1](process) ?? '';
}

/** Returns 1h2m3s, as Go prints a duration. */
function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return [
    hours > 0 ? `${hours}h` : '',
    seconds >= 60 ? `${minutes}m` : '',
    `${seconds % 60}s`,
  ].join('');
}
