// SPDX-License-Identifier: Apache-2.0
// Reads --pod: the pod that a container joins. Refuses options that the container then cannot have.

import type { CreateOptions, Engine, PodCreateOptions, PodShare } from '../../api/engine.js';
import { stringOption, type Parsed } from '../command.js';
import { UsageError } from './usage-error.js';

/** podman's default for the namespaces that containers of a pod share. */
export const DEFAULT_SHARE: PodShare[] = ['ipc', 'net', 'uts'];

const NEW = 'new:';
/** Options of the domain, which belong to the pod. */
const OF_DOMAIN = ['network', 'network-alias', 'publish', 'ip', 'ip6', 'mac-address'];
const OF_NAMES = ['hostname', 'dns', 'dns-search', 'dns-option', 'add-host'];
const NEVER = ['type', 'frozen', 'device'];

/** Throws UsageError. */
export function podOption(parsed: Parsed): string | undefined {
  const pod = stringOption(parsed, 'pod');
  if (pod === undefined) return undefined;
  const given = (name: string): boolean => parsed.options[name] !== undefined;
  const isNew = pod.startsWith(NEW);
  const fixed = isNew ? NEVER : [...NEVER, ...OF_DOMAIN, ...OF_NAMES];
  const wrong = fixed.find(given);
  if (wrong !== undefined)
    throw new UsageError(
      NEVER.includes(wrong)
        ? `Cannot use --${wrong} with --pod ${pod}: it is for a container that has a domain to itself`
        : `Cannot use --${wrong} with --pod ${pod}: its containers share it; give it to thaw pod create`,
    );
  return pod;
}

/** Makes the pod of `new:NAME`, moves the container's network options to it, and puts the container into it. */
export async function withNewPod<T>(
  options: CreateOptions,
  engine: Engine,
  act: (options: CreateOptions) => Promise<T>,
): Promise<T> {
  const { pod } = options;
  if (pod?.startsWith(NEW) !== true) return act(options);
  const own = { ...options };
  const wanted: PodCreateOptions = {
    name: pod.slice(NEW.length),
    labels: {},
    share: DEFAULT_SHARE,
    exitPolicy: 'continue',
  };
  for (const key of MOVED) {
    if (own[key] !== undefined) Object.assign(wanted, { [key]: own[key] });
    delete own[key];
  }
  return act({ ...own, pod: await engine.podCreate(wanted) });
}

const MOVED = [
  ...([
    'network',
    'maySpoof',
    'networkAliases',
    'ip',
    'ip6',
    'publish',
    'macAddress',
    'hostname',
  ] as const),
  ...(['addHosts', 'dns', 'dnsSearch', 'dnsOptions'] as const),
];
