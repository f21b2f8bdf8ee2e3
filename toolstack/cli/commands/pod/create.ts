// SPDX-License-Identifier: Apache-2.0
// thaw pod create: makes a domain for several containers.

import type { DomainType, PodShare } from '../../../api/engine.js';
import { defined } from '../../../base/defined.js';
import { stringList, stringOption, type Command } from '../../command.js';
import { confinement, CONFINEMENT_OPTIONS } from '../../options/confinement.js';
import { hostname, macAddress } from '../../options/container.js';
import { NETWORK_OPTIONS, networkOptions } from '../../options/network.js';
import { DEFAULT_SHARE } from '../../options/pod.js';
import { UsageError } from '../../options/usage-error.js';
import { bytes, choice, cpus, pairs } from '../../options/values.js';

const NAMES = ['add-host', 'dns', 'dns-search', 'dns-option'];

export const podCreateCommand: Command = {
  name: 'pod create',
  summary: 'Make a pod: a domain that several containers share',
  params: '[NAME]',
  examples: [
    'thaw pod create --name shop -p 8080:80',
    'thaw run -d --pod shop web:latest',
    'thaw pod create --share +pid --memory 1g --cpus 2 shop',
  ],
  options: {
    name: { type: 'string', short: 'n', describe: "The pod's name, also its domain's" },
    hostname: {
      type: 'string',
      describe: "The hostname of its containers (default the pod's name)",
    },
    ...NETWORK_OPTIONS,
    'mac-address': { type: 'string', describe: 'MAC of its network interface' },
    ...Object.fromEntries(
      Object.entries(CONFINEMENT_OPTIONS).filter(([name]) => NAMES.includes(name)),
    ),
    memory: {
      type: 'string',
      short: 'm',
      describe: "The domain's memory, for all containers together (default 512m)",
    },
    cpus: { type: 'string', describe: 'Number of CPUs for all containers together (default 1)' },
    type: { type: 'string', describe: 'pv or pvh (default pvh if the host can)' },
    share: {
      type: 'string',
      describe: 'Share net, and any of ipc, pid, uts; +pid adds pid (default ipc,net,uts)',
    },
    'exit-policy': {
      type: 'string',
      describe: 'When its last container has ended: continue or stop (default continue)',
    },
    label: { type: 'string', short: 'l', describe: 'Label K=V; may be repeated' },
  },
  positionals: { min: 0, max: 1 },
  failureStatus: 125,
  async run(parsed, client, engine) {
    const [word] = parsed.positional;
    const named = stringOption(parsed, 'name');
    if (word !== undefined && named !== undefined)
      throw new UsageError(`Cannot use both --name ${named} and ${word}: a pod has one name`);
    const id = await engine.podCreate(
      defined({
        name: named ?? word,
        hostname: hostname(stringOption(parsed, 'hostname')),
        ...networkOptions(parsed),
        macAddress: macAddress(stringOption(parsed, 'mac-address')),
        ...confinement(parsed, client),
        memoryBytes: bytes('--memory', stringOption(parsed, 'memory')),
        cpus: cpus(stringOption(parsed, 'cpus')),
        type: choice<DomainType>('--type', stringOption(parsed, 'type'), ['pv', 'pvh']),
        labels: pairs('--label', stringList(parsed, 'label')),
        share: share(stringOption(parsed, 'share')),
        exitPolicy:
          choice('--exit-policy', stringOption(parsed, 'exit-policy'), ['continue', 'stop']) ??
          'continue',
      }),
    );
    client.out(`${id}\n`);
    return 0;
  },
};

/** Reads `A,B`, or `+A,B`, which adds to the default. Throws UsageError. Exported for its test. */
export function share(value: string | undefined): PodShare[] {
  if (value === undefined) return DEFAULT_SHARE;
  const adds = value.startsWith('+');
  const names = value.replace(/^\+/, '').split(',');
  const known: readonly string[] = ['ipc', 'net', 'pid', 'uts'];
  const wrong = names.find((name) => !known.includes(name));
  if (wrong !== undefined)
    throw new UsageError(`Cannot use --share ${value}: ipc, net, pid, uts are allowed`);
  const all = new Set([...(adds ? DEFAULT_SHARE : []), ...names]) as Set<PodShare>;
  if (!all.has('net'))
    throw new UsageError(
      `Cannot use --share ${value}: a pod is one domain with one network, so net must be among them`,
    );
  return [...all].sort();
}
