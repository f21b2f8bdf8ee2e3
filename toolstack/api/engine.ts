// SPDX-License-Identifier: Apache-2.0
// What the command line can ask of thawd, and what it gets: the border between cli/, which knows words, and daemon/, which acts.

import type { CheckpointOptions, RestoreOptions } from './checkpoint.js';
import type { Client } from './client.js';
import type {
  CloneOptions,
  ContainerSummary,
  CreateOptions,
  ExecOptions,
  LogOptions,
  RunOptions,
  RunOutcome,
  StartOptions,
  UpdateOptions,
} from './container.js';
import type { EventFilter } from './event.js';
import type { Change, CommitOptions, CopyOptions } from './files.js';
import type { HostInfo } from './host.js';
import type {
  ImageInspected,
  ImagesPruned,
  ImageSummary,
  PullOptions,
  RegistryOptions,
  SaveOptions,
} from './image.js';
import type { Inspected } from './inspect.js';
import type { NetworkCreateOptions, NetworkSummary } from './network.js';
import type { PodCreateOptions, PodSummary } from './pod.js';
import type { ContainerStats, ProcessInfo } from './stats.js';
import type { FreezeContainerOptions, FreezeOptions, TemplateSummary } from './template.js';
import type { VolumeCreateOptions, VolumeSummary } from './volume.js';
import type { DiskUsage } from './usage.js';

export type * from './checkpoint.js';
export type * from './client.js';
export type * from './container.js';
export type * from './event.js';
export type * from './files.js';
export type * from './host.js';
export type * from './image.js';
export type * from './inspect.js';
export type * from './network.js';
export type * from './pod.js';
export type * from './stats.js';
export type * from './template.js';
export type * from './volume.js';
export type * from './usage.js';

export interface Engine {
  /** Runs a container, in the foreground unless detached; resolves with an exit status only when nobody was joined to its process. */
  run(options: RunOptions, client: Client): Promise<RunOutcome>;
  /** Makes a container that start() can start; resolves with its id. */
  create(options: CreateOptions, client: Client): Promise<string>;
  /** Starts a container that does not run. */
  start(container: string, options: StartOptions, client: Client): Promise<RunOutcome>;
  /** Ends a container's process by signal, after `timeoutS` seconds by KILL. Resolves when nothing of it runs; at once for one that has ended. */
  stop(container: string, timeoutS: number | undefined): Promise<void>;
  restart(container: string, timeoutS: number | undefined, client: Client): Promise<void>;
  pause(container: string): Promise<void>;
  unpause(container: string): Promise<void>;
  rename(container: string, name: string): Promise<void>;
  /** Other limits, at once and for its next start; resolves with its id. */
  update(container: string, options: UpdateOptions): Promise<string>;
  /** Resolves with the exit status of a container's process as soon as it has ended, -1 where nobody knows it. */
  wait(container: string, client: Client): Promise<number>;
  /** Joins the client to the first process of a container that runs, until that has ended. */
  attach(container: string, options: { stdin: boolean }, client: Client): Promise<RunOutcome>;
  /** Runs one more process in a container that runs. Resolves with a status only where nobody was joined to it. */
  exec(container: string, options: ExecOptions, client: Client): Promise<RunOutcome>;
  /** Runs a container's health check now; whether it said that all is well. */
  checkHealth(container: string): Promise<boolean>;
  /** Brings what list() says up to what Xen says: xl may have paused a container. */
  look(): Promise<void>;
  list(all: boolean): ContainerSummary[];
  find(container: string): Promise<ContainerSummary>;
  kill(name: string, signal: number): Promise<void>;
  /** With `volumes` those of its volumes go, too, that nobody named. */
  remove(name: string, force: boolean, volumes?: boolean): Promise<string>;
  logs(name: string, options: LogOptions, client: Client): Promise<void>;
  inspect(name: string): Promise<Inspected>;
  /** Copies files; resolves with a status only where nobody was joined to the process that carries them. */
  copy(options: CopyOptions, client: Client): Promise<RunOutcome>;
  /** Writes a container's root filesystem as a tar archive to the client's stdout, or to that file. */
  exportFiles(container: string, output: string | undefined, client: Client): Promise<RunOutcome>;
  /** What a container has changed of its image's files, by path. */
  changes(container: string, client: Client): Promise<Change[]>;
  /** Makes an image of what a container has written; resolves with its id. */
  commit(container: string, options: CommitOptions, client: Client): Promise<string>;
  /** Of those that run among the named, or of all that do. Rejects with ERR_CONTAINER_NOT_FOUND. */
  stats(containers: readonly string[]): Promise<ContainerStats[]>;
  processes(container: string): Promise<ProcessInfo[]>;
  /** Calls `tell` for what has happened and, where asked for, what happens until the client goes. */
  events(filter: EventFilter, client: Client): Promise<void>;
  images(): Promise<ImageSummary[]>;
  pull(reference: string, options: PullOptions, client: Client): Promise<ImageSummary>;
  /** A line for each thing done. With `force` its containers go first, and all its names. */
  removeImage(reference: string, options: { force: boolean }, client: Client): Promise<string[]>;
  inspectImage(reference: string, client: Client): Promise<ImageInspected>;
  tagImage(reference: string, names: readonly string[], client: Client): Promise<void>;
  /** Takes names off, all where none is given. */
  untagImage(reference: string, names: readonly string[], client: Client): Promise<void>;
  /** Without a destination to where its name says. */
  pushImage(
    reference: string,
    destination: string | undefined,
    options: RegistryOptions,
    client: Client,
  ): Promise<void>;
  saveImage(reference: string, options: SaveOptions, client: Client): Promise<void>;
  /** Of a file or folder, or of the client's standard input. Resolves with their names, or the ids of those that have none. */
  loadImages(path: string | undefined, client: Client): Promise<string[]>;
  /** Removes images that nothing needs: those without a name, or all. */
  pruneImages(all: boolean): Promise<ImagesPruned>;
  /** Removes the layers of other engines' images that no container has. */
  pruneLayers(): Promise<void>;
  usage(): Promise<DiskUsage[]>;
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
  /** Writes a container that runs to a file; it has ended then, unless it is left running. */
  checkpoint(container: string, options: CheckpointOptions, client: Client): Promise<void>;
  /** A container that goes on from such a file; resolves with its id once it runs. */
  restore(options: RestoreOptions, client: Client): Promise<string>;
  unfreeze(name: string): Promise<void>;
  templates(): Promise<TemplateSummary[]>;
  networks(): NetworkSummary[];
  network(name: string): Promise<NetworkSummary>;
  networkCreate(options: NetworkCreateOptions): Promise<NetworkSummary>;
  networkRemove(name: string): Promise<void>;
  /** The newest first. */
  pods(): PodSummary[];
  pod(name: string): Promise<PodSummary>;
  /** This and the others resolve with its id. */
  podCreate(options: PodCreateOptions): Promise<string>;
  /** Its domain and all its containers. */
  podStart(name: string, client: Client): Promise<string>;
  podStop(name: string, timeoutS: number | undefined): Promise<string>;
  podKill(name: string, signal: number): Promise<string>;
  podPause(name: string): Promise<string>;
  podUnpause(name: string): Promise<string>;
  /** With its containers; while one runs only with `force`. */
  podRemove(name: string, force: boolean): Promise<string>;
  volumes(): VolumeSummary[];
  volume(name: string): Promise<VolumeSummary>;
  /** Resolves with its name. */
  volumeCreate(options: VolumeCreateOptions): Promise<string>;
  /** Of one that a container has only with `force`, and the container goes then, too. */
  volumeRemove(name: string, force: boolean): Promise<void>;
  info(): Promise<HostInfo>;
}
