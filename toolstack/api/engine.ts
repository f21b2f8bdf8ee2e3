// SPDX-License-Identifier: Apache-2.0
// The border between cli/, which knows words, and frontends/thaw/, which acts: every request of the command line.

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
import type { PolicyChecked, PolicyCheckRequest } from './policy.js';
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
export type * from './policy.js';
export type * from './stats.js';
export type * from './template.js';
export type * from './volume.js';
export type * from './usage.js';

export interface Engine {
  /** Runs a container, in the foreground unless detached. The outcome has an exit status only where the client did not join the process. */
  run(options: RunOptions, client: Client): Promise<RunOutcome>;
  /** Creates a container for start(). Resolves with its id. */
  create(options: CreateOptions, client: Client): Promise<string>;
  /** Starts a container that does not run. */
  start(container: string, options: StartOptions, client: Client): Promise<RunOutcome>;
  /** Sends the stop signal, and KILL after `timeoutS` seconds. Resolves when the container has ended. */
  stop(container: string, timeoutS: number | undefined): Promise<void>;
  restart(container: string, timeoutS: number | undefined, client: Client): Promise<void>;
  pause(container: string): Promise<void>;
  unpause(container: string): Promise<void>;
  rename(container: string, name: string): Promise<void>;
  /** Sets new limits, at once and for each later start. Resolves with the container's id. */
  update(container: string, options: UpdateOptions): Promise<string>;
  /** Resolves with the exit status once the container has ended; -1 where it is unknown. */
  wait(container: string, client: Client): Promise<number>;
  /** Joins the client to the first process of a running container until that process has ended. */
  attach(container: string, options: { stdin: boolean }, client: Client): Promise<RunOutcome>;
  /** Runs one more process in a running container. The outcome has a status only where the client did not join the process. */
  exec(container: string, options: ExecOptions, client: Client): Promise<RunOutcome>;
  /** Runs a container's health check now. Resolves with true where it succeeded. */
  checkHealth(container: string): Promise<boolean>;
  /** Updates the containers' states from Xen: xl may have paused a domain. */
  look(): Promise<void>;
  list(all: boolean): ContainerSummary[];
  find(container: string): Promise<ContainerSummary>;
  kill(name: string, signal: number): Promise<void>;
  /** `volumes` also removes the container's anonymous volumes. */
  remove(name: string, force: boolean, volumes?: boolean): Promise<string>;
  logs(name: string, options: LogOptions, client: Client): Promise<void>;
  inspect(name: string): Promise<Inspected>;
  /** Copies files. The outcome has a status only where the client did not join the process that carries them. */
  copy(options: CopyOptions, client: Client): Promise<RunOutcome>;
  /** Writes a container's root filesystem as a tar archive to `output`, or to the client's standard output. */
  exportFiles(container: string, output: string | undefined, client: Client): Promise<RunOutcome>;
  /** Lists the paths by which a container's files differ from its image, sorted by path. */
  changes(container: string, client: Client): Promise<Change[]>;
  /** Makes an image of a container's writable layer. Resolves with the image's id. */
  commit(container: string, options: CommitOptions, client: Client): Promise<string>;
  /** Returns the figures of the named containers that run, or of all that run. Rejects with ERR_CONTAINER_NOT_FOUND. */
  stats(containers: readonly string[]): Promise<ContainerStats[]>;
  processes(container: string): Promise<ProcessInfo[]>;
  /** Calls `filter.tell` for past events and, with `follow`, for new ones until the client disconnects. */
  events(filter: EventFilter, client: Client): Promise<void>;
  images(): Promise<ImageSummary[]>;
  pull(reference: string, options: PullOptions, client: Client): Promise<ImageSummary>;
  /** Resolves with a line for each thing done. `force` first removes the image's containers, and removes all its names. */
  removeImage(reference: string, options: { force: boolean }, client: Client): Promise<string[]>;
  inspectImage(reference: string, client: Client): Promise<ImageInspected>;
  tagImage(reference: string, names: readonly string[], client: Client): Promise<void>;
  /** Removes names from an image: all of them where `names` is empty. */
  untagImage(reference: string, names: readonly string[], client: Client): Promise<void>;
  /** Copies an image to `destination`, or to the registry that its name tells. */
  pushImage(
    reference: string,
    destination: string | undefined,
    options: RegistryOptions,
    client: Client,
  ): Promise<void>;
  saveImage(reference: string, options: SaveOptions, client: Client): Promise<void>;
  /** Reads images from a file or directory, or from the client's standard input. Resolves with their names; with the id of an image without a name. */
  loadImages(path: string | undefined, client: Client): Promise<string[]>;
  /** Removes unused images: those without a name, or all. */
  pruneImages(all: boolean): Promise<ImagesPruned>;
  /** Removes the layers of container engines' images that no container uses. */
  pruneLayers(): Promise<void>;
  usage(): Promise<DiskUsage[]>;
  /** Makes a frozen image. Resolves once it can be cloned. */
  freeze(options: FreezeOptions, client: Client): Promise<TemplateSummary>;
  /** Freezes a running container, which continues. Resolves once the frozen image can be cloned. */
  freezeContainer(
    container: string,
    options: FreezeContainerOptions,
    client: Client,
  ): Promise<TemplateSummary>;
  /** Clones a running container. Resolves once all clones run. */
  clone(container: string, options: CloneOptions, client: Client): Promise<ContainerSummary[]>;
  /** Writes a running container to a file. The container ends, unless `leavesRunning`. */
  checkpoint(container: string, options: CheckpointOptions, client: Client): Promise<void>;
  /** Restores a container from such a file. Resolves with its id once it runs. */
  restore(options: RestoreOptions, client: Client): Promise<string>;
  unfreeze(name: string): Promise<void>;
  templates(): Promise<TemplateSummary[]>;
  networks(): NetworkSummary[];
  network(name: string): Promise<NetworkSummary>;
  networkCreate(options: NetworkCreateOptions): Promise<NetworkSummary>;
  networkRemove(name: string): Promise<void>;
  /** Lists pods, the newest first. */
  pods(): PodSummary[];
  pod(name: string): Promise<PodSummary>;
  /** Resolves with the pod's id, as the other calls on a pod do. */
  podCreate(options: PodCreateOptions): Promise<string>;
  /** Starts the pod's domain and all its containers. */
  podStart(name: string, client: Client): Promise<string>;
  podStop(name: string, timeoutS: number | undefined): Promise<string>;
  podKill(name: string, signal: number): Promise<string>;
  podPause(name: string): Promise<string>;
  podUnpause(name: string): Promise<string>;
  /** Removes a pod with its containers. `force` also removes one that runs. */
  podRemove(name: string, force: boolean): Promise<string>;
  volumes(): VolumeSummary[];
  volume(name: string): Promise<VolumeSummary>;
  /** Resolves with the volume's name. */
  volumeCreate(options: VolumeCreateOptions): Promise<string>;
  /** Removes a volume. `force` also removes the containers that use it. */
  volumeRemove(name: string, force: boolean): Promise<void>;
  info(): Promise<HostInfo>;
  /** Resolves with the decisions on a command line, which does nothing. Rejects with ERR_POLICY_FILE for a wrong policy file. */
  policyCheck(request: PolicyCheckRequest, client: Client): Promise<PolicyChecked>;
  /** Reads the policy file and the host's accounts again. Resolves with the number of rules; undefined where there is no file. */
  policyReload(): Promise<number | undefined>;
}
