// SPDX-License-Identifier: Apache-2.0
// Reads the options for a container's network and its published ports.

import { isIP, isIPv4, isIPv6 } from 'node:net';
import type { CreateOptions, PortRequest } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { stringList, stringOption, type Command, type Parsed } from '../command.js';
import { UsageError } from './usage-error.js';
import { nonEmpty } from './values.js';

export const NETWORK_OPTIONS: Command['options'] = {
  network: {
    type: 'string',
    describe:
      'Name of its network, or none (default thaw). NAME:spoof lets it send from any address',
  },
  'network-alias': {
    type: 'string',
    describe: 'Another name for it in its network; may be repeated',
  },
  publish: {
    type: 'string',
    short: 'p',
    describe: 'Publish a port: [[IP:][HOSTPORT]:]PORT[/udp]; may be repeated',
  },
  ip: { type: 'string', describe: 'Its IPv4 address, one of its network' },
  ip6: { type: 'string', describe: 'Its IPv6 address, one of its network' },
};

type Wanted = Pick<
  CreateOptions,
  'network' | 'maySpoof' | 'networkAliases' | 'publish' | 'ip' | 'ip6'
>;

/** Throws UsageError. */
export function networkOptions(parsed: Parsed): Wanted {
  const { network, maySpoof } = networkChoice(stringOption(parsed, 'network'));
  const publish = stringList(parsed, 'publish').flatMap(portRequests);
  const aliases = stringList(parsed, 'network-alias').map(alias);
  const [ip, ip6] = [stringOption(parsed, 'ip'), stringOption(parsed, 'ip6')];
  if (ip !== undefined && !isIPv4(ip))
    throw new UsageError(`Cannot use --ip ${ip}: an IPv4 address is wanted`);
  if (ip6 !== undefined && !isIPv6(ip6))
    throw new UsageError(`Cannot use --ip6 ${ip6}: an IPv6 address is wanted`);
  const needs = ['publish', 'network-alias', 'ip', 'ip6'].find(
    (name) => parsed.options[name] !== undefined,
  );
  if (network === 'none' && needs !== undefined)
    throw new UsageError(`Cannot use --${needs} with --network none: nothing leads to it`);
  return defined({
    network,
    maySpoof,
    networkAliases: nonEmpty(aliases),
    publish: nonEmpty(publish),
    ip,
    ip6,
  });
}

/** Reads NAME[:spoof]. */
function networkChoice(value: string | undefined): Pick<Wanted, 'network' | 'maySpoof'> {
  const [, name = '', how] = /^([^:]*):(.*)$/s.exec(value ?? '') ?? [];
  if (how === undefined) return defined({ network: networkName(value) });
  // podman has options of this form, and none of the others is known here.
  if (how !== 'spoof' || name === 'none')
    throw new UsageError(
      `Cannot use --network ${value}: the name of one network, or none, is allowed, and NAME:spoof for a container that sends from any address`,
    );
  return defined({ network: networkName(name), maySpoof: true });
}

/** Returns the network's name; undefined for the default network, which podman calls `bridge`. */
function networkName(value: string | undefined): string | undefined {
  if (value === 'bridge' || value === 'default' || value === undefined) return undefined;
  if (value === 'host')
    throw new UsageError(
      'Cannot use --network host: a container is a domain of its own, with an interface of its own; publish its ports with -p',
    );
  if (/^(container|ns|pod|slirp4netns|pasta|private)\b/.test(value) || value.includes(','))
    throw new UsageError(
      `Cannot use --network ${value}: the name of one network, or none, is allowed`,
    );
  return value;
}

function alias(value: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}$/.test(value)) return value;
  throw new UsageError(
    `Cannot use --network-alias ${value}: up to 63 letters, digits, "_", "." and "-" are allowed`,
  );
}

/** Reads [[IP:][HOSTPORT]:]PORT[/PROTOCOL]. Both ports may be ranges of the same length. */
export function portRequests(value: string): PortRequest[] {
  const [, host = '', hostRange = '', range = '', protocol = 'tcp'] =
    /^(?:(?:(\[[^\]]+\]|[^:[\]]+):)?(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(tcp|udp))?$/.exec(value) ??
    [];
  const hostIp = host.replace(/^\[(.*)\]$/, '$1');
  const ports = portRange(range);
  const hostPorts = hostRange === '' ? ports?.map(() => 0) : portRange(hostRange);
  const isWrong =
    !ports ||
    !hostPorts ||
    ports.length !== hostPorts.length ||
    (hostIp !== '' && isIP(hostIp) === 0);
  if (isWrong)
    throw new UsageError(
      `Cannot use --publish ${value}: [[IP:][HOSTPORT]:]PORT[/tcp|udp] is wanted, such as 8080:80 or 127.0.0.1:5353:53/udp`,
    );
  return ports.map((containerPort, index) => ({
    hostIp,
    hostPort: hostPorts[index] ?? 0,
    containerPort,
    protocol: protocol === 'udp' ? 'udp' : 'tcp',
  }));
}

function portRange(text: string): number[] | undefined {
  const [first = 0, last = first] = text.split('-').map(Number);
  if (!(first >= 1 && last >= first && last <= 65_535 && last - first < 1000)) return undefined;
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}
