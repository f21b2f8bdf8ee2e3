// SPDX-License-Identifier: Apache-2.0
// Requests about containers, and the answers to them.

import type { MountOption } from './volume.js';

export type DomainType = 'pv' | 'pvh';

/** The fields of an image's process that a command line may change. */
export interface ProcessOptions {
  command: string[];
  tty: boolean;
  /** `K=V`, or `K` to take the client's own value. */
  env: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
}

/** Rights and surroundings of a container's processes, where they differ from the defaults. */
export interface Confinement {
  /** Names such as NET_ADMIN, with CAP_ or without, or ALL. */
  capAdd?: string[];
  capDrop?: string[];
  noNewPrivileges?: boolean;
  /** A seccomp profile: the seccomp object of an OCI config. */
  seccomp?: object;
  /** The first process is thaw-init, which reaps children and passes signals on. */
  init?: boolean;
  readOnly?: boolean;
  tmpfs?: { path: string; options: string[] }[];
  ulimits?: { type: string; soft: number; hard: number }[];
  /** 0 or less removes the limit; the guest's own stays. */
  pidsLimit?: number;
  addHosts?: { name: string; address: string }[];
  dns?: string[];
  dnsSearch?: string[];
  dnsOptions?: string[];
}

/** The part of Confinement that the kernel holds for each process. */
export type ProcessLimits = Pick<Confinement, 'capAdd' | 'capDrop' | 'noNewPrivileges' | 'ulimits'>;

/** The rule by which a container that has ended starts again. */
export interface RestartPolicy {
  name: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  /** The most restarts of on-failure; 0 for any number. */
  retries: number;
}

/** Defaults for stopping a container. */
export interface StopOptions {
  /** Signal number; by default the image's, or TERM. */
  stopSignal?: number;
  /** Seconds from the signal to KILL. */
  stopTimeoutS?: number;
}

/** A command whose exit status says whether a container is healthy. */
export interface HealthCheck {
  command: string[];
  /** Time from the end of one check to the next; 0 runs a check only on request. */
  intervalMs: number;
  timeoutMs: number;
  /** Failures in a row that make the container unhealthy. */
  retries: number;
  /** Time after the start in which failures do not count. */
  startPeriodMs: number;
}

export interface HealthState {
  status: 'starting' | 'healthy' | 'unhealthy';
  /** Failures in a row, the last check included. */
  failures: number;
  /** The last few checks; times in milliseconds since 1970. */
  log: { start: number; end: number; exitCode: number }[];
}

/** A block device of the host that a container has as a disk. */
export interface DeviceRequest {
  source: string;
  /** Path of the device node in the container. */
  destination: string;
  /** Letters of r, w and m, as podman has them. */
  access: string;
}

/** A port of the host that leads to the container's. */
export interface PortRequest {
  /** Address of the host; '' for all of them. */
  hostIp: string;
  /** Port of the host; 0 for any free one. */
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

/** The shape of a kernel template, as `thaw templates` lists it. */
export interface KernelTemplate {
  type: DomainType;
  /** The most vCPUs that a clone can have online. */
  vcpus: number;
}

export interface CreateOptions extends ProcessOptions, Confinement, StopOptions {
  /** Image reference; '' with `frozen`. */
  image: string;
  /** Name of a frozen image, in place of `image`. Its process cannot be changed. */
  frozen?: string;
  /** The kernel template to clone; by default the smallest that is large enough. */
  template?: KernelTemplate;
  name?: string;
  /** Name or id of the pod that the container joins. */
  pod?: string;
  rm: boolean;
  interactive: boolean;
  hostname?: string;
  memoryBytes?: number;
  /** Capacity of the writable layer. */
  storageBytes?: number;
  cpus?: number;
  type?: DomainType;
  macAddress?: string;
  /** Name of a network, or `none`; by default the default network. */
  network?: string;
  /** It may send from MACs and IP addresses that thaw did not give it. */
  maySpoof?: boolean;
  networkAliases?: string[];
  ip?: string;
  ip6?: string;
  publish?: PortRequest[];
  /** Block devices of the host that the container gets. */
  devices?: DeviceRequest[];
  /** Bind mounts and volumes. */
  mounts?: MountOption[];
  labels?: Record<string, string>;
  restart?: RestartPolicy;
  health?: HealthCheck;
  pull: 'missing' | 'always' | 'never';
  tlsVerify: boolean;
  /** Absolute path of the file with logins for registries. */
  authFile?: string;
  /** Uid of the user who makes the container; undefined for root. The command line never sets it. */
  owner?: number;
  /** Called with the container's id as soon as there is one. It is not part of the container's record. */
  onId?: (id: string) => void;
}

/** New limits of a container; a missing one stays as it is. */
export type UpdateOptions = Pick<CreateOptions, 'memoryBytes' | 'cpus' | 'pidsLimit' | 'restart'>;

export interface RunOptions extends CreateOptions {
  /** The client neither waits for the container nor gets its output. */
  detach: boolean;
}

export interface StartOptions {
  /** The client gets the container's streams and waits for its end. */
  attach: boolean;
  interactive: boolean;
}

export interface ExecOptions {
  command: string[];
  interactive: boolean;
  tty: boolean;
  /** The client neither waits for the process nor gets its output. */
  detach: boolean;
  /** Variables in the form of ProcessOptions, added to the container's own. */
  env: string[];
  workdir?: string;
  user?: string;
}

export interface CloneOptions {
  count: number;
  /** Name of the clone; with a count above 1, the beginning of each name. */
  name?: string;
  /** Each clone is removed as soon as it has ended. */
  rm: boolean;
  /** Uid of the user who makes the clones; undefined for root. */
  owner?: number;
}

export interface LogOptions {
  /** Continues until the container has ended. */
  follow: boolean;
  /** Number of lines from the end; undefined for all. */
  tail?: number;
  /** Milliseconds since 1970. */
  since?: number;
  until?: number;
  timestamps: boolean;
}

/**
 * `created` has never run. A container that fails in `creating` is removed; one that fails in `starting` stays. `lost` has ended, and its
 * exit status is unknown.
 */
export type ContainerState =
  'created' | 'creating' | 'starting' | 'running' | 'paused' | 'exited' | 'lost' | 'removing';

export interface ContainerSummary {
  id: string;
  name: string;
  image: string;
  imageId: string;
  command: string[];
  /** This and the other times in milliseconds since 1970. */
  created: number;
  started?: number;
  finished?: number;
  state: ContainerState;
  /** The exit status that a shell shows, once the container has ended. */
  exitStatus?: number;
  /** The reason why the container is lost. */
  reason?: string;
  /** The reason why thaw itself paused the container. */
  pausedBy?: string;
  /** The pod that the container is in. */
  pod?: { id: string; name: string };
  domid?: number;
  type: DomainType;
  memoryBytes: number;
  cpus: number;
  labels: Record<string, string>;
  /** Uid of the user who made it; undefined for root. */
  owner?: number;
  restarts: number;
  /** Health status, where the container has a check and runs. */
  health?: HealthState['status'];
  /** Published ports, while the container runs. */
  ports: PortRequest[];
  /** Addresses, while the container runs. */
  addresses: string[];
  network?: string;
  /** Bind mounts and volumes. */
  mounts: Pick<MountOption, 'source' | 'destination'>[];
}

/** `joined`: the shim tells the launcher the process's own status. `id` is the id of a detached container. */
export type RunOutcome = { joined: true } | { joined: false; status: number; id?: string };
