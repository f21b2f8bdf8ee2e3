// SPDX-License-Identifier: Apache-2.0
// What can be asked of containers, and what is told of them.

import type { MountWish } from './volume.js';

export type DomainType = 'pv' | 'pvh';

/** What the command line may change of an image's process. */
export interface ProcessOptions {
  command: string[];
  tty: boolean;
  /** `K=V`, or `K` to take the client's own value. */
  env: string[];
  workdir?: string;
  user?: string;
  entrypoint?: string;
}

/** What a container's processes may do and find inside, where it is not as for any other. */
export interface Confinement {
  /** Names such as NET_ADMIN, with CAP_ or without, or ALL. */
  capAdd?: string[];
  capDrop?: string[];
  noNewPrivileges?: boolean;
  /** A seccomp profile: the seccomp object of an OCI config. */
  seccomp?: object;
  /** Its first process is one of thaw's, which reaps and passes signals on. */
  init?: boolean;
  readOnly?: boolean;
  tmpfs?: { path: string; options: string[] }[];
  ulimits?: { type: string; soft: number; hard: number }[];
  /** 0 or less: no limit but the guest's own. */
  pidsLimit?: number;
  addHosts?: { name: string; address: string }[];
  dns?: string[];
  dnsSearch?: string[];
  dnsOptions?: string[];
}

/** What of that the kernel knows of each process, and no file in its root filesystem says. */
export type ProcessLimits = Pick<Confinement, 'capAdd' | 'capDrop' | 'noNewPrivileges' | 'ulimits'>;

/** When a container that has ended starts again. */
export interface RestartPolicy {
  name: 'no' | 'on-failure' | 'always' | 'unless-stopped';
  /** Of on-failure: how often at most; 0 for any number. */
  retries: number;
}

/** How a container is ended when nobody says how. */
export interface StopOptions {
  /** Signal number; without it the image's, or TERM. */
  stopSignal?: number;
  /** Seconds from the signal to KILL. */
  stopTimeoutS?: number;
}

/** How it is found out whether a container is well. */
export interface HealthCheck {
  command: string[];
  /** From the end of one to the next; 0: only when somebody asks. */
  intervalMs: number;
  timeoutMs: number;
  /** So many must fail in a row. */
  retries: number;
  /** After the start, while what fails does not count. */
  startPeriodMs: number;
}

export interface HealthState {
  status: 'starting' | 'healthy' | 'unhealthy';
  /** In a row, the last one included. */
  failures: number;
  /** The last few; times in milliseconds since 1970. */
  log: { start: number; end: number; exitCode: number }[];
}

/** A block device of the host that a container has as a disk. */
export interface DeviceWish {
  source: string;
  /** Its node in the container. */
  destination: string;
  /** Of r, w and m, as podman has them. */
  access: string;
}

/** A port of the host that leads to the container's. */
export interface PortWish {
  /** '' for all of the host's addresses. */
  hostIp: string;
  /** 0 for any that is free. */
  hostPort: number;
  containerPort: number;
  protocol: 'tcp' | 'udp';
}

/** A guest without an image, as `thaw templates` lists it: what its domain is. */
export interface KernelTemplate {
  type: DomainType;
  /** What a clone can have online at most. */
  vcpus: number;
}

export interface CreateOptions extends ProcessOptions, Confinement, StopOptions {
  /** '' with `frozen`. */
  image: string;
  /** A frozen image in place of an image: its process is fixed. */
  frozen?: string;
  /** The kernel's template that its domain is cloned from; without it the smallest that will do. */
  template?: KernelTemplate;
  name?: string;
  /** Name or id of the pod that it is to be in. */
  pod?: string;
  rm: boolean;
  interactive: boolean;
  hostname?: string;
  memoryBytes?: number;
  /** The most that its writable layer may hold. */
  storageBytes?: number;
  cpus?: number;
  type?: DomainType;
  macAddress?: string;
  /** The name of one, or none; without it the default one. */
  network?: string;
  networkAliases?: string[];
  ip?: string;
  ip6?: string;
  publish?: PortWish[];
  /** Block devices of the host that it has. */
  devices?: DeviceWish[];
  /** Files and folders of the host that it sees. */
  mounts?: MountWish[];
  labels?: Record<string, string>;
  restart?: RestartPolicy;
  health?: HealthCheck;
  pull: 'missing' | 'always' | 'never';
  tlsVerify: boolean;
  /** Where the logins for registries are; absolute. */
  authFile?: string;
  /** Told the container's id as soon as there is one. Not kept with the container. */
  onId?: (id: string) => void;
}

/** What changes of a container; what is not there stays. */
export type UpdateOptions = Pick<CreateOptions, 'memoryBytes' | 'cpus' | 'pidsLimit' | 'restart'>;

export interface RunOptions extends CreateOptions {
  /** Nobody waits for it or is shown what it writes. */
  detach: boolean;
}

export interface StartOptions {
  /** Its streams are the client's, which waits for its end. */
  attach: boolean;
  interactive: boolean;
}

export interface ExecOptions {
  command: string[];
  interactive: boolean;
  tty: boolean;
  /** Nobody waits for it or sees its output. */
  detach: boolean;
  /** As in CreateOptions; added to the container's own. */
  env: string[];
  workdir?: string;
  user?: string;
}

export interface CloneOptions {
  count: number;
  /** Of several, the beginning of their names. */
  name?: string;
  /** Each is removed as soon as it has ended. */
  rm: boolean;
}

export interface LogOptions {
  /** Go on until the container has ended. */
  follow: boolean;
  /** So many lines from the end; undefined for all. */
  tail?: number;
  /** Milliseconds since 1970. */
  since?: number;
  until?: number;
  timestamps: boolean;
}

/**
 * `created` has never run; `creating` and `starting` are on their way, the first of them of a container that goes if that fails.
 * `lost` ended without anybody seeing how.
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
  /** The exit status a shell shows, once ended. */
  exitStatus?: number;
  /** Why it was lost, when it was. */
  reason?: string;
  /** The one that it is in. */
  pod?: { id: string; name: string };
  domid?: number;
  type: DomainType;
  memoryBytes: number;
  cpus: number;
  labels: Record<string, string>;
  restarts: number;
  /** Where it has a check, while it runs. */
  health?: HealthState['status'];
  /** Ports of the host that lead to it, while it runs. */
  ports: PortWish[];
  /** Its addresses, while it runs. */
  addresses: string[];
  network?: string;
  /** What it has of volumes and of the host's files. */
  mounts: Pick<MountWish, 'source' | 'destination'>[];
}

/** `joined` means that the shim told the launcher the process's own status; `id` is that of a container that is left alone. */
export type RunOutcome = { joined: true } | { joined: false; status: number; id?: string };
