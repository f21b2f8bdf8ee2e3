// SPDX-License-Identifier: Apache-2.0
// What the command line can ask of thawd, and what it gets: the border between cli/, which knows words, and daemon/, which acts.

export type DomainType = 'pv' | 'pvh';

/** The person or program at the other end of one command. */
export interface Client {
  cwd: string;
  env: Record<string, string>;
  isTerminal: { stdin: boolean; stdout: boolean; stderr: boolean };
  rows: number;
  cols: number;
  /** Aborts when the client is gone or asked to stop. */
  signal: AbortSignal;
  out(data: string | Buffer): void;
  err(data: string | Buffer): void;
  /** Resolves once what was written is on its way, so that long output does not pile up. */
  drained(): Promise<void>;
  /** Hands the client over to a shim for a process's streams; resolves once it has attached there. */
  join(shimSocket: string, process: number, flags: number): Promise<void>;
}

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

export interface RunOptions extends ProcessOptions {
  /** '' with `frozen`. */
  image: string;
  /** A frozen image in place of an image: its process is fixed. */
  frozen?: string;
  name?: string;
  rm: boolean;
  interactive: boolean;
  hostname?: string;
  memoryBytes?: number;
  cpus?: number;
  type?: DomainType;
  pull: 'missing' | 'always' | 'never';
  tlsVerify: boolean;
}

export interface FreezeOptions extends ProcessOptions {
  image: string;
  name: string;
  cpus?: number;
  type?: DomainType;
  pull: 'missing' | 'always' | 'never';
  tlsVerify: boolean;
}

/** A running container as what is frozen. */
export interface FreezeContainerOptions {
  name: string;
  /** Run in it before, by its shell; '' for nothing. */
  after: string;
}

export interface CloneOptions {
  count: number;
  /** Of several, the beginning of their names. */
  name?: string;
  /** Each is removed as soon as it has ended. */
  rm: boolean;
}

/** A template: of a frozen image, or the kernel alone when it has no name. */
export interface TemplateSummary {
  /** What was frozen: a guest without an image, an image with its container created, or a container that ran. */
  kind: 'kernel' | 'image' | 'container';
  name?: string;
  image?: string;
  command?: string[];
  /** Milliseconds since 1970; only of a frozen image. */
  created?: number;
  key?: string;
  type: DomainType;
  vcpus: number;
  memoryBytes: number;
  /** Of what is copied into a clone; unknown while it is not in memory. */
  bytes?: number;
  /** Clones that wait. */
  ready: number;
}

export interface ExecOptions {
  command: string[];
  interactive: boolean;
  tty: boolean;
  /** Nobody waits for it or sees its output. */
  detach: boolean;
  /** As in RunOptions; added to the container's own. */
  env: string[];
  workdir?: string;
  user?: string;
}

export type ContainerState = 'creating' | 'running' | 'exited' | 'lost' | 'removing';

export interface ContainerSummary {
  id: string;
  name: string;
  image: string;
  command: string[];
  created: number;
  state: ContainerState;
  /** The exit status a shell shows, once ended. */
  exitStatus?: number;
  /** Why it was lost, when it was. */
  reason?: string;
  domid?: number;
  type: DomainType;
  memoryBytes: number;
  cpus: number;
}

export interface ImageSummary {
  id: string;
  names: string[];
  size: number;
  created: string;
  layers: number;
}

export interface HostInfo {
  version: string;
  xen: { version: string; capabilities: string[]; commandline: string };
  host: { cpus: number; memoryBytes: number; freeMemoryBytes: number };
  defaults: { type: DomainType; memoryBytes: number };
  templates: {
    key: string;
    type: DomainType;
    vcpus: number;
    memoryBytes: number;
    bytes: number;
    ready: number;
  }[];
  containers: { running: number; ended: number };
  images: number;
  paths: { state: string; run: string; guest: string };
}

export interface PullOptions {
  tlsVerify: boolean;
}

export interface Engine {
  /** Runs a container in the foreground; resolves with an exit status only when it never got to a process. */
  run(options: RunOptions, client: Client): Promise<RunOutcome>;
  /** Runs one more process in a container that runs. Resolves with a status only where nobody was joined to it. */
  exec(container: string, options: ExecOptions, client: Client): Promise<RunOutcome>;
  list(all: boolean): ContainerSummary[];
  kill(name: string, signal: number): Promise<void>;
  remove(name: string, force: boolean): Promise<string>;
  logs(name: string, client: Client): Promise<void>;
  images(): Promise<ImageSummary[]>;
  pull(reference: string, options: PullOptions, client: Client): Promise<ImageSummary>;
  removeImage(reference: string): Promise<string[]>;
  /** Makes a frozen image; resolves once it can be cloned. */
  freeze(options: FreezeOptions, client: Client): Promise<TemplateSummary>;
  /** Freezes a container as it is while it runs; resolves once it can be cloned, with the container running on. */
  freezeContainer(
    container: string,
    options: FreezeContainerOptions,
    client: Client,
  ): Promise<TemplateSummary>;
  /** Clones a container that runs; resolves once all clones do. */
  clone(container: string, options: CloneOptions, client: Client): Promise<ContainerSummary[]>;
  unfreeze(name: string): Promise<void>;
  templates(): Promise<TemplateSummary[]>;
  info(): Promise<HostInfo>;
}

/** `joined` means that the shim told the launcher the process's own status. */
export type RunOutcome = { joined: true } | { joined: false; status: number };
