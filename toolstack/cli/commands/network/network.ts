// SPDX-License-Identifier: Apache-2.0
// thaw network create, ls, inspect, rm and prune: manages networks.

import type { Client, NetworkCreateOptions, NetworkSummary } from '../../../api/engine.js';
import type { HostPort } from '../../../api/network.js';
import { defined } from '../../../base/defined.js';
import { readClientFile } from '../../options/client-file.js';
import { flag, stringList, stringOption, type Command, type Parsed } from '../../command.js';
import { forEach } from '../container/each.js';
import { renderEach } from '../../output/format.js';
import { inspectEach } from '../container/query/inspect.js';
import { formatJson, formatTable } from '../../output/table.js';
import { UsageError } from '../../options/usage-error.js';
import { nonEmpty, pairs } from '../../options/values.js';

export const networkCreateCommand: Command = {
  name: 'network create',
  summary: 'Make a network: a bridge with addresses',
  params: 'NAME',
  examples: [
    'thaw network create shop',
    'thaw network create --subnet 10.1.2.0/24 --gateway 10.1.2.254 --ipv6 --internal back',
    'thaw network create --cni /etc/cni/net.d/10-lan.conflist lan',
  ],
  options: {
    subnet: {
      type: 'string',
      describe: 'Its addresses, such as 10.1.2.0/24 or fd00:1::/64; once for each kind',
    },
    gateway: { type: 'string', describe: "The host's own address in it (default the first)" },
    ipv6: { type: 'boolean', describe: 'IPv6 addresses as well' },
    internal: { type: 'boolean', describe: 'Allow no traffic to and from other networks' },
    'disable-dns': { type: 'boolean', describe: 'Containers do not find each other by name' },
    'host-port': {
      type: 'string',
      describe: 'Port of the host that its containers may reach: PORT[/udp]; may be repeated',
    },
    cni: {
      type: 'string',
      describe: 'File with a CNI network configuration list; its plugins make the network',
    },
    label: { type: 'string', describe: 'Label K=V; may be repeated' },
  },
  positionals: { min: 1, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const cni = cniList(parsed, client);
    const { name } = await engine.networkCreate(
      defined({
        cni,
        name: parsed.positional[0] ?? '',
        subnets: stringList(parsed, 'subnet'),
        gateways: stringList(parsed, 'gateway'),
        ipv6: flag(parsed, 'ipv6'),
        internal: flag(parsed, 'internal'),
        disableDns: flag(parsed, 'disable-dns'),
        hostPorts: nonEmpty(stringList(parsed, 'host-port').map(hostPort)),
        labels: pairs('--label', stringList(parsed, 'label')),
      }),
    );
    client.out(`${name}\n`);
    return 0;
  },
};

/** Throws UsageError. */
function hostPort(value: string): HostPort {
  const [, digits = '', protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/.exec(value) ?? [];
  const port = Number(digits);
  if (port >= 1 && port <= 65_535) return { port, protocol: protocol === 'udp' ? 'udp' : 'tcp' };
  throw new UsageError(`Cannot use --host-port ${value}: PORT[/tcp|udp] is wanted, such as 5432`);
}

/** Reads the CNI network list of --cni. Throws UsageError. */
function cniList(parsed: Parsed, client: Client): NetworkCreateOptions['cni'] {
  const path = stringOption(parsed, 'cni');
  if (path === undefined) return undefined;
  const other = ['subnet', 'gateway', 'ipv6', 'internal', 'host-port'].find(
    (name) => parsed.options[name] !== undefined,
  );
  if (other !== undefined)
    throw new UsageError(`Cannot use --${other} with --cni ${path}: the file sets it`);
  return { from: `--cni ${path}`, text: readClientFile('--cni', path, client) };
}

export const networkLsCommand: Command = {
  name: 'network ls',
  summary: 'List networks',
  params: '',
  examples: ['thaw network ls', "thaw network ls --format '{{.Name}} {{.Subnets}}'"],
  options: {
    quiet: { type: 'boolean', short: 'q', describe: 'Only their names' },
    format: { type: 'string', describe: 'json, or a template such as {{.Name}}' },
  },
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  run(parsed, client, engine) {
    const networks = engine.networks();
    const format = stringOption(parsed, 'format');
    if (format === 'json') client.out(formatJson(networks));
    else if (format !== undefined) client.out(renderEach(format, networks.map(fields)));
    else if (flag(parsed, 'quiet')) client.out(networks.map(({ name }) => `${name}\n`).join(''));
    else client.out(formatTable(['NAME', 'BRIDGE', 'SUBNETS', 'CONTAINERS'], networks.map(row)));
    return Promise.resolve(0);
  },
};

function row({ name, bridge, subnets, internal, cni, containers }: NetworkSummary): string[] {
  if (cni) return [name, '', typesOf(cni), String(containers.length)];
  const shown = subnets.map(({ subnet }) => subnet).join(', ');
  return [name, bridge, internal ? `${shown} (internal)` : shown, String(containers.length)];
}

function typesOf({ plugins }: NonNullable<NetworkSummary['cni']>): string {
  return `cni: ${plugins.map(({ type }) => type).join(', ')}`;
}

/** Returns the fields of --format. */
function fields(network: NetworkSummary): object {
  const { name, driver, bridge, subnets, internal, hasDns, labels, created, containers, cni } =
    network;
  const hostPorts = network.hostPorts?.map(({ port, protocol }) => `${port}/${protocol}`);
  return defined({
    Name: name,
    Driver: driver,
    NetworkInterface: bridge,
    Internal: internal,
    Subnets: subnets.map(({ subnet, gateway }) => ({ Subnet: subnet, Gateway: gateway })),
    DNSEnabled: hasDns,
    HostPorts: hostPorts,
    Labels: labels,
    Created: new Date(created).toISOString(),
    Cni: cni,
    Containers: containers,
  });
}

export const networkInspectCommand: Command = {
  name: 'network inspect',
  summary: 'Print all details of networks',
  params: 'NAME...',
  examples: ['thaw network inspect thaw'],
  options: {
    format: { type: 'string', short: 'f', describe: 'json, or a template (default json)' },
  },
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run: (parsed, client, engine) =>
    inspectEach(parsed, client, async (name) => fields(await engine.network(name))),
};

export const networkRmCommand: Command = {
  name: 'network rm',
  summary: 'Remove networks that no container is in',
  params: 'NAME...',
  examples: ['thaw network rm shop'],
  options: {},
  positionals: { min: 1, max: Infinity },
  failureStatus: 125,
  run: ({ positional }, client, engine) =>
    forEach(positional, client, (name) => engine.networkRemove(name)),
};

export const networkPruneCommand: Command = {
  name: 'network prune',
  summary: 'Remove all networks that no container is in',
  params: '',
  examples: ['thaw network prune'],
  options: {},
  positionals: { min: 0, max: 0 },
  failureStatus: 125,
  run(_parsed, client, engine) {
    const unused = engine
      .networks()
      .filter(({ containers, isDefault }) => !isDefault && containers.length === 0);
    const names = unused.map(({ name }) => name);
    return forEach(names, client, (name) => engine.networkRemove(name));
  },
};
