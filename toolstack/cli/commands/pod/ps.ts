// SPDX-License-Identifier: Apache-2.0
// thaw pod ps, inspect and exists: shows pods.

import type { PodSummary } from '../../../api/engine.js';
import { errorCode } from '../../../base/errors.js';
import { formatAge, formatBytes } from '../../../base/text.js';
import { flag, stringList, stringOption, type Command } from '../../command.js';
import { renderEach } from '../../output/format.js';
import { inspectEach } from '../container/query/inspect.js';
import { formatJson, formatTable } from '../../output/table.js';
import { UsageError } from '../../options/usage-error.js';

export const podPsCommand: Command = {
  name: 'pod ps',
  summary: 'List pods',
  params: '',
  examples: ['thaw pod ps', "thaw pod ps --format '{{.Name}} {{.Status}}'"],
  options: {
    filter: {
      type: 'string',
      short: 'f',
      describe: 'KEY=VALUE by id, name, label, status, network; repeatable',
    },
    quiet: { type: 'boolean', short: 'q', describe: 'Only their ids' },
    'no-trunc': { type: 'boolean', describe: 'Whole ids' },
    format: { type: 'string', describe: 'json, or a template such as {{.Name}}' },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  run(parsed, client, engine) {
    const wanted = stringList(parsed, 'filter').map(podFilter);
    const pods = engine.pods().filter((pod) => wanted.every((fits) => fits(pod)));
    const format = stringOption(parsed, 'format');
    const isWhole = flag(parsed, 'no-trunc');
    const id = (pod: PodSummary): string => (isWhole ? pod.id : pod.id.slice(0, 12));
    if (format === 'json') client.out(formatJson(pods));
    else if (format !== undefined)
      client.out(
        renderEach(
          format,
          pods.map((pod) => fields(pod, id(pod))),
        ),
      );
    else if (flag(parsed, 'quiet')) client.out(pods.map((pod) => `${id(pod)}\n`).join(''));
    else
      client.out(
        formatTable(
          HEAD,
          pods.map((pod) => row(pod, id(pod))),
        ),
      );
    return Promise.resolve(0);
  },
};

const HEAD = [
  ...['POD ID', 'NAME', 'STATUS', 'CREATED', 'DOMID', 'TYPE', 'MEMORY', '# OF CONTAINERS'],
];

function row(pod: PodSummary, id: string): string[] {
  return [
    ...[id, pod.name, pod.status, formatAge(Date.now() - pod.created)],
    ...[pod.domid === undefined ? '-' : String(pod.domid), pod.type ?? '-'],
    ...[formatBytes(pod.memoryBytes), String(pod.containers.length)],
  ];
}

/** Returns the fields of --format: podman's, and the domain's. */
function fields(pod: PodSummary, id: string): object {
  const { containers } = pod;
  return {
    Id: id,
    ID: id,
    Name: pod.name,
    Status: pod.status,
    Labels: pod.labels,
    Created: formatAge(Date.now() - pod.created),
    NumberOfContainers: containers.length,
    ContainerIds: containers.map((one) => one.id.slice(0, 12)).join(' '),
    ContainerNames: containers.map((one) => one.name).join(' '),
    ContainerStatuses: containers.map((one) => one.state).join(' '),
    Networks: pod.network ?? '',
    Domid: pod.domid ?? '',
    Type: pod.type ?? '',
    Memory: formatBytes(pod.memoryBytes),
  };
}

/** Returns a filter for pods. Throws UsageError for an unknown key. */
function podFilter(item: string): (pod: PodSummary) => boolean {
  const [, key = '', value = ''] = /^([a-z]+)=(.+)$/s.exec(item) ?? [];
  switch (key) {
    case 'id':
      return (pod) => pod.id.startsWith(value);
    case 'name':
      return (pod) => pod.name.includes(value);
    case 'status':
      return (pod) => pod.status.toLowerCase() === value.toLowerCase();
    case 'network':
      return (pod) => pod.network === value;
    case 'label': {
      const [name = '', ...rest] = value.split('=');
      return ({ labels }) =>
        Object.hasOwn(labels, name) && (rest.length === 0 || labels[name] === rest.join('='));
    }
    default:
      throw new UsageError(
        `Cannot use --filter ${item}: KEY=VALUE is wanted, KEY being one of id, name, label, status, network`,
      );
  }
}

export const podInspectCommand: Command = {
  name: 'pod inspect',
  summary: 'Print all details of pods',
  params: 'POD...',
  examples: ['thaw pod inspect shop', "thaw pod inspect --format '{{.State}}' shop"],
  options: {
    format: { type: 'string', short: 'f', describe: 'json, or a template (default json)' },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run: (parsed, client, engine) =>
    inspectEach(parsed, client, async (name) => inspected(await engine.pod(name))),
};

/** Returns podman's fields, and the domain's. */
function inspected(pod: PodSummary): object {
  return {
    Id: pod.id,
    Name: pod.name,
    Created: new Date(pod.created).toISOString(),
    ExitPolicy: pod.exitPolicy,
    State: pod.status,
    Error: pod.reason ?? '',
    Hostname: pod.hostname,
    Labels: pod.labels,
    SharedNamespaces: pod.share,
    Domain: {
      Id: pod.domid ?? null,
      Type: pod.type ?? '',
      Memory: pod.memoryBytes,
      Cpus: pod.cpus,
    },
    Network: pod.network ?? '',
    Addresses: pod.addresses,
    Ports: pod.ports,
    NumContainers: pod.containers.length,
    Containers: pod.containers.map(({ id, name, state }) => ({ Id: id, Name: name, State: state })),
  };
}

export const podExistsCommand: Command = {
  name: 'pod exists',
  summary: 'Check whether a pod exists: exit status 0, or 1 if not',
  params: 'POD',
  examples: ['thaw pod exists shop'],
  options: {},
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  run: ({ positional: [name = ''] }, _client, engine) =>
    engine.pod(name).then(
      () => 0,
      (error: unknown) => {
        if (errorCode(error) === 'ERR_POD_NOT_FOUND') return 1;
        throw error;
      },
    ),
};
