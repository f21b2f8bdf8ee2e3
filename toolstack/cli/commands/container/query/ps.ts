// SPDX-License-Identifier: Apache-2.0
// thaw ps: lists containers.

import type { ContainerSummary } from '../../../../api/engine.js';
import { formatAge, formatBytes, plain } from '../../../../base/text.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../../command.js';
import { containerFilter } from './filter.js';
import { renderEach } from '../../../output/format.js';
import { showPort } from './port.js';
import { formatJson, formatTable } from '../../../output/table.js';
import { whole } from '../../../options/values.js';

export const psCommand: Command = {
  name: 'ps',
  summary: 'List containers',
  params: '',
  examples: [
    'thaw ps',
    'thaw ps --all --filter status=exited --json',
    "thaw ps --format '{{.Names}} {{.Status}}'",
  ],
  options: {
    all: { type: 'boolean', short: 'a', describe: 'Also containers that do not run' },
    filter: {
      type: 'string',
      short: 'f',
      describe: 'By id, name, label, status, exited, health, pod, network, volume, ancestor',
    },
    last: {
      type: 'string',
      short: 'n',
      describe: 'Only so many of the newest, running or not',
    },
    latest: { type: 'boolean', short: 'l', describe: 'Only the newest' },
    pod: { type: 'boolean', short: 'p', describe: 'Also their pods' },
    quiet: { type: 'boolean', short: 'q', describe: 'Only their ids' },
    'no-trunc': { type: 'boolean', describe: 'Whole ids and commands' },
    json: { type: 'boolean', describe: 'Print JSON, as --format json does' },
    format: {
      type: 'string',
      describe: 'json, or a template such as {{.Names}} or table {{.ID}}\\t{{.Status}}',
    },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const filters = stringList(parsed, 'filter');
    const last = flag(parsed, 'latest') ? 1 : whole('--last', stringOption(parsed, 'last'), 1);
    const isWanted = containerFilter(filters);
    // A filter by state also shows containers that do not run.
    const asksState = filters.some((filter) => /^(status|exited)=/.test(filter));
    const all = flag(parsed, 'all') || last !== undefined || asksState;
    await engine.look();
    const containers = engine.list(all).filter(isWanted).slice(0, last);
    client.out(show(containers, parsed));
    return 0;
  },
};

function show(containers: ContainerSummary[], parsed: Parsed): string {
  const format = stringOption(parsed, 'format');
  const isWhole = flag(parsed, 'no-trunc');
  if (format === 'json' || flag(parsed, 'json')) return formatJson(containers);
  if (format !== undefined)
    return renderEach(
      format,
      containers.map((c) => fields(c, isWhole)),
    );
  if (flag(parsed, 'quiet')) return containers.map((c) => `${shortId(c, isWhole)}\n`).join('');
  if (!flag(parsed, 'pod'))
    return formatTable(
      HEAD,
      containers.map((c) => row(c, isWhole)),
    );
  return formatTable(
    [...HEAD, 'POD ID', 'PODNAME'],
    containers.map((c) => [...row(c, isWhole), podId(c, isWhole), c.pod?.name ?? '']),
  );
}

const HEAD = [
  'CONTAINER ID',
  'IMAGE',
  'COMMAND',
  'CREATED',
  'STATUS',
  'PORTS',
  'DOMID',
  'TYPE',
  'MEMORY',
  'NAME',
];

function row(c: ContainerSummary, isWhole: boolean): string[] {
  return [
    shortId(c, isWhole),
    c.image,
    commandText(c, isWhole),
    formatAge(Date.now() - c.created),
    statusText(c),
    portsText(c),
    c.domid === undefined ? '-' : String(c.domid),
    c.type,
    formatBytes(c.memoryBytes),
    c.name,
  ];
}

/** Returns the fields of --format: podman's, and the domain's. */
function fields(c: ContainerSummary, isWhole: boolean): object {
  return {
    ID: shortId(c, isWhole),
    Names: c.name,
    Image: c.image,
    ImageID: c.imageId,
    Command: commandText(c, isWhole),
    State: c.state,
    Status: statusText(c),
    CreatedAt: new Date(c.created).toISOString(),
    RunningFor: formatAge(Date.now() - c.created),
    ExitCode: c.exitStatus ?? 0,
    Labels: c.labels,
    Ports: portsText(c),
    Networks: c.network ?? '',
    Mounts: c.mounts.map(({ destination }) => destination),
    Domid: c.domid ?? '',
    Type: c.type,
    Memory: formatBytes(c.memoryBytes),
    CPUs: c.cpus,
    Restarts: c.restarts,
    Pod: podId(c, isWhole),
    PodName: c.pod?.name ?? '',
  };
}

function shortId({ id }: ContainerSummary, isWhole: boolean): string {
  return isWhole ? id : id.slice(0, 12);
}

function podId({ pod }: ContainerSummary, isWhole: boolean): string {
  return (isWhole ? pod?.id : pod?.id.slice(0, 12)) ?? '';
}

function commandText({ command }: ContainerSummary, isWhole: boolean): string {
  const text = plain(command.join(' '));
  return text.length > 30 && !isWhole ? `${text.slice(0, 29)}…` : text;
}

function portsText({ ports }: ContainerSummary): string {
  return ports.map(showPort).join(', ');
}

function healthText({ health }: ContainerSummary): string {
  return health === undefined ? '' : ` (${health})`;
}

/** Returns the status as podman writes it. */
function statusText(c: ContainerSummary): string {
  switch (c.state) {
    case 'exited':
      return `Exited (${c.exitStatus ?? '?'}) ${formatAge(Date.now() - (c.finished ?? c.created))}`;
    case 'lost':
      return `Lost: ${c.reason ?? 'unknown reason'}`;
    case 'created':
      return 'Created';
    case 'creating':
    case 'starting':
      return 'Starting';
    case 'running':
      return `Up ${formatAge(Date.now() - (c.started ?? c.created)).replace(/ ago$/, '')}${healthText(c)}`;
    case 'paused':
      return c.pausedBy === undefined ? 'Paused' : `Paused: ${c.pausedBy}`;
    case 'removing':
      return 'Removing';
  }
}
