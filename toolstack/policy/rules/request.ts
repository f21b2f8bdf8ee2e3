// SPDX-License-Identifier: Apache-2.0
// The facts of a request that rules look at. A fact that is undefined is not part of the request.

import type { CreateOptions, PodCreateOptions, PortRequest } from '../../api/engine.js';
import { defined } from '../../base/defined.js';

export interface PolicyRequest {
  /** Name of the command: `run`, `volume create`. */
  verb: string;
  /** Uid of the owner of the container, pod or volume that the request is about; undefined for a new one. */
  owner?: number;
  /** Labels of that container, pod or volume. */
  labels?: Readonly<Record<string, string>>;
  /** Full names of images; `frozen:NAME` for a frozen image. */
  images?: readonly string[];
  memoryBytes?: number;
  cpus?: number;
  diskBytes?: number;
  /** Volumes without a size that the container mounts or that are made; '' for one without a name. */
  unsizedVolumes?: readonly string[];
  /** Number of the user's containers afterwards. */
  containers?: number;
  /** Networks to join; `NAME:spoof` to send from any address there. */
  networks?: readonly string[];
  /** Absolute paths of block devices. */
  devices?: readonly string[];
  /** Names such as NET_ADMIN, without CAP_. */
  capabilities?: readonly string[];
  /** Ports of the host; 0 for any free one. */
  ports?: readonly number[];
  /** Number of containers that start. */
  starts?: number;
}

/** The sizes of a container or pod that asks for none. */
export interface Defaults {
  memoryBytes: number;
  podMemoryBytes: number;
  /** Bytes of a writable layer. */
  diskBytes: number;
  /** The default network's name. */
  network: string;
}

/** Returns the facts of a container's domain, or of a pod's. Pure. */
export function domainFacts(
  options: Pick<
    CreateOptions & PodCreateOptions,
    'network' | 'maySpoof' | 'publish' | 'memoryBytes' | 'cpus'
  >,
  defaults: Defaults,
): Partial<PolicyRequest> {
  const { network = defaults.network, maySpoof = false, publish } = options;
  return defined({
    memoryBytes: options.memoryBytes ?? defaults.memoryBytes,
    cpus: options.cpus ?? 1,
    networks: network === 'none' ? undefined : [maySpoof ? `${network}:spoof` : network],
    ports: portsOf(publish),
  });
}

function portsOf(publish: readonly PortRequest[] | undefined): number[] | undefined {
  return publish?.map(({ hostPort }) => hostPort);
}

/** Returns the facts of a new container, without its image. Pure. */
export function containerFacts(options: CreateOptions, defaults: Defaults): Partial<PolicyRequest> {
  const { capAdd, devices, labels = {}, storageBytes, rm } = options;
  // With --rm, and no size asked for, the writable layer is within the domain's memory.
  const diskBytes = storageBytes ?? (rm ? undefined : defaults.diskBytes);
  const { networks, ...own } = domainFacts(options, defaults);
  return defined({
    ...own,
    // The pod's request named its network.
    networks: options.pod === undefined ? networks : undefined,
    labels,
    diskBytes,
    capabilities: capAdd?.map((name) => name.toUpperCase().replace(/^CAP_/, '')),
    devices: devices?.map(({ source }) => source),
  });
}
