// SPDX-License-Identifier: Apache-2.0
// thaw ps: which containers there are.

import type { ContainerSummary } from '../api/engine.js';
import { formatAge, formatBytes } from '../base/text.js';
import { flag, type Command } from './command.js';
import { formatJson, formatTable } from './table.js';

export const psCommand: Command = {
  name: 'ps',
  summary: 'List containers',
  params: '',
  examples: ['thaw ps', 'thaw ps --all --json'],
  options: {
    all: { type: 'boolean', short: 'a', describe: 'Also those that have ended' },
    quiet: { type: 'boolean', short: 'q', describe: 'Only their ids' },
    json: { type: 'boolean', describe: 'Print JSON' },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 1,
  run(parsed, client, engine) {
    const containers = engine.list(flag(parsed, 'all'));
    if (flag(parsed, 'json')) client.out(formatJson(containers));
    else if (flag(parsed, 'quiet'))
      client.out(containers.map((c) => `${c.id.slice(0, 12)}\n`).join(''));
    else client.out(formatTable(HEAD, containers.map(row)));
    return Promise.resolve(0);
  },
};

const HEAD = [
  'CONTAINER ID',
  'IMAGE',
  'COMMAND',
  'CREATED',
  'STATUS',
  'DOMID',
  'TYPE',
  'MEMORY',
  'NAME',
];

function row(c: ContainerSummary): string[] {
  const command = c.command.join(' ').replace(/\p{Cc}/gu, ' ');
  return [
    c.id.slice(0, 12),
    c.image,
    command.length > 30 ? `${command.slice(0, 29)}…` : command,
    formatAge(Date.now() - c.created),
    statusText(c),
    c.domid === undefined ? '-' : String(c.domid),
    c.type,
    formatBytes(c.memoryBytes),
    c.name,
  ];
}

function statusText(c: ContainerSummary): string {
  switch (c.state) {
    case 'exited':
      return `Exited (${c.exitStatus ?? '?'})`;
    case 'lost':
      return `Lost: ${c.reason ?? 'unknown reason'}`;
    case 'creating':
      return 'Creating';
    case 'running':
      return 'Running';
    case 'removing':
      return 'Removing';
  }
}
