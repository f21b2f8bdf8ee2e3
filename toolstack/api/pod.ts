// SPDX-License-Identifier: Apache-2.0
// Requests about pods, and the answers to them.

import type {
  Confinement,
  ContainerState,
  CreateOptions,
  DomainType,
  PortRequest,
} from './container.js';

/** Namespaces that the containers of a pod may share. They always share the network. */
export type PodShare = 'ipc' | 'net' | 'pid' | 'uts';

export interface PodCreateOptions
  extends
    Pick<
      CreateOptions,
      | 'network'
      | 'maySpoof'
      | 'networkAliases'
      | 'ip'
      | 'ip6'
      | 'publish'
      | 'macAddress'
      | 'type'
      | 'cpus'
    >,
    Pick<Confinement, 'addHosts' | 'dns' | 'dnsSearch' | 'dnsOptions'> {
  name?: string;
  hostname?: string;
  /** Memory of the domain, for all its containers together. */
  memoryBytes?: number;
  labels: Record<string, string>;
  share: PodShare[];
  /** `stop` ends the domain with the last container; `continue` keeps it for the next one. */
  exitPolicy: 'continue' | 'stop';
  /** Uid of the user who made it; undefined for root. */
  owner?: number;
}

/** podman's words. In a `Degraded` pod some containers run and some do not. */
export type PodStatus = 'Created' | 'Running' | 'Degraded' | 'Paused' | 'Exited';

export interface PodSummary {
  id: string;
  name: string;
  status: PodStatus;
  /** This and the other times in milliseconds since 1970. */
  created: number;
  started?: number;
  /** The reason why the domain ended by itself. */
  reason?: string;
  /** Only while the pod has a domain. */
  domid?: number;
  type?: DomainType;
  memoryBytes: number;
  cpus: number;
  hostname: string;
  share: PodShare[];
  exitPolicy: PodCreateOptions['exitPolicy'];
  labels: Record<string, string>;
  /** Uid of the user who made it; undefined for root. */
  owner?: number;
  network?: string;
  addresses: string[];
  ports: PortRequest[];
  containers: { id: string; name: string; state: ContainerState }[];
}
