// SPDX-License-Identifier: Apache-2.0
// What can be asked of pods, and what is told of them.

import type {
  Confinement,
  ContainerState,
  CreateOptions,
  DomainType,
  PortWish,
} from './container.js';

/** What all containers of a pod may have in common. Its network they always have. */
export type PodShare = 'ipc' | 'net' | 'pid' | 'uts';

export interface PodCreateOptions
  extends
    Pick<
      CreateOptions,
      'network' | 'networkAliases' | 'ip' | 'ip6' | 'publish' | 'macAddress' | 'type' | 'cpus'
    >,
    Pick<Confinement, 'addHosts' | 'dns' | 'dnsSearch' | 'dnsOptions'> {
  name?: string;
  hostname?: string;
  /** The domain's: of all its containers together. */
  memoryBytes?: number;
  labels: Record<string, string>;
  share: PodShare[];
  /** Whether its domain ends with the last container, or waits for another. */
  exitPolicy: 'continue' | 'stop';
}

/** podman's words: `Degraded` is one of which some containers run and some do not. */
export type PodStatus = 'Created' | 'Running' | 'Degraded' | 'Paused' | 'Exited';

export interface PodSummary {
  id: string;
  name: string;
  status: PodStatus;
  /** This and the other times in milliseconds since 1970. */
  created: number;
  started?: number;
  /** Why its domain ended, where nobody stopped it. */
  reason?: string;
  /** While it has a domain. */
  domid?: number;
  type?: DomainType;
  memoryBytes: number;
  cpus: number;
  hostname: string;
  share: PodShare[];
  exitPolicy: PodCreateOptions['exitPolicy'];
  labels: Record<string, string>;
  network?: string;
  addresses: string[];
  ports: PortWish[];
  containers: { id: string; name: string; state: ContainerState }[];
}
