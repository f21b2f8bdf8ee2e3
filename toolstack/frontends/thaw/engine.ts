// SPDX-License-Identifier: Apache-2.0
// Implements the Engine interface: performs each call of the command line with containers, images and the host.

import type { ContainerStats, Engine, HostInfo } from '../../api/engine.js';
import { VERSION } from '../../base/version.js';
import { checkHealth } from '../../runtime/health/health.js';
import { changesOf } from '../../runtime/archive/changes.js';
import { checkpointContainer } from '../../runtime/snapshot/checkpoint.js';
import { cloneContainer } from '../../runtime/snapshot/clone.js';
import { commitContainer } from '../../runtime/archive/commit.js';
import { copyFiles, exportFiles } from '../../runtime/archive/copy-files.js';
import { execIn } from '../../runtime/exec/exec.js';
import { inspectContainer } from '../../runtime/inspect/inspect.js';
import { printLogs } from '../../runtime/logs/print.js';
import {
  summarize,
  type ContainerManager,
  type ContainerServices,
} from '../../runtime/store/containers.js';
import { pauseContainer, unpauseContainer } from '../../runtime/pause/pause.js';
import { noticePauses } from '../../runtime/pause/detect.js';
import { renameContainer } from '../../runtime/store/rename.js';
import { restoreContainer } from '../../runtime/snapshot/restore.js';
import {
  attachTo,
  createContainer,
  runContainer,
  startContainer,
} from '../../runtime/create/run.js';
import { killContainer } from '../../runtime/lifecycle/signal.js';
import { restartContainer, stopContainer } from '../../runtime/lifecycle/stop.js';
import { processesOf, statsOf } from '../../runtime/stats/stats.js';
import { updateContainer } from '../../runtime/resize/update.js';
import { waitFor } from '../../runtime/lifecycle/wait.js';
import type { DiskReserve } from '../../disk/index.js';
import type { FolderLayers } from '../../image/index.js';
import { DEFAULT_MEMORY_BYTES } from '../../sandbox/size/size.js';
import { freeze, freezeContainer, listTemplates } from './frozen.js';
import { imageEngine } from './images.js';
import { networkEngine } from './networks.js';
import { podEngine } from './pods.js';
import { volumeEngine } from './volumes.js';
import type { Paths } from '../../base/paths.js';
import { diskUsage } from './usage.js';

/** The calls that need no policy; the daemon adds those about the policy. */
export type HostEngine = Omit<Engine, 'policyCheck' | 'policyReload'>;

export function createEngine(
  services: ContainerServices,
  manager: ContainerManager,
  {
    paths,
    layers,
    reserve,
  }: {
    paths: Paths;
    layers: Pick<FolderLayers, 'prune' | 'usage'>;
    reserve: Pick<DiskReserve, 'filesystems'>;
  },
): HostEngine {
  return {
    run: (options, client) => runContainer(services, manager, options, client),
    create: (options, client) => createContainer(services, manager, options, client),
    start: (name, options, client) => startContainer(services, manager, name, options, client),
    stop: (name, timeoutS) => stopContainer(services, manager, name, timeoutS),
    restart: (name, timeoutS, client) =>
      restartContainer(services, manager, name, timeoutS, client),
    pause: async (name) => pauseContainer(services, await manager.settled(name)),
    unpause: async (name) => unpauseContainer(services, await manager.settled(name)),
    rename: (name, wanted) => renameContainer(services, manager, name, wanted),
    update: (name, options) => updateContainer(services, manager, name, options),
    wait: (name, client) => waitFor(services, manager, name, client.signal),
    attach: async (name, options, client) => attachTo(await manager.settled(name), options, client),
    // exec does not wait for settled(): a start under way has no process yet, which execIn() reports.
    exec: (name, options, client) => execIn(services, manager.find(name), options, client),
    checkHealth: async (name) =>
      (await checkHealth(services, await manager.settled(name))).log.at(-1)?.exitCode === 0,
    look: () => noticePauses(services, manager.containers),
    list: (all) => manager.list(all),
    find: (name) => Promise.resolve().then(() => summarize(manager.find(name).record)),
    kill: async (name, signal) => killContainer(services, await manager.settled(name), signal),
    remove: (name, force, volumes) => manager.remove(name, force, volumes),
    logs: (name, options, client) => printLogs(services, manager.find(name), options, client),
    inspect: async (name) => {
      const container = manager.find(name);
      await noticePauses(services, [container]);
      return inspectContainer(container.record, services.records);
    },
    copy: (options, client) => copyFiles(services, manager, options, client),
    exportFiles: (name, output, client) => exportFiles(services, manager, name, output, client),
    commit: (name, options, client) => commitContainer(services, manager, name, options, client),
    changes: (name, client) => changesOf(services, manager, name, client.signal),
    stats: (names) => allStats(services, manager, names),
    processes: async (name) => processesOf(services, await manager.settled(name)),
    events: (filter, client) => services.events.follow(filter, client.signal),
    ...imageEngine(services, manager),
    pruneLayers: () => layers.prune(true),
    usage: () => diskUsage(services, manager, paths, layers),
    freeze: (options, client) => freeze(services, options, client),
    freezeContainer: (name, options, client) =>
      freezeContainer(services, manager.find(name), options, client),
    clone: (name, options, client) =>
      cloneContainer(services, manager, manager.find(name), options, client),
    checkpoint: (name, options, client) =>
      checkpointContainer(services, manager.find(name), options, client),
    restore: (options, client) => restoreContainer(services, manager, options, client),
    unfreeze: (name) => services.frozen.remove(name),
    templates: () => listTemplates(services),
    ...networkEngine(services.sandbox.networks, manager),
    ...podEngine(services, manager),
    ...volumeEngine(services.volumes, manager),
    info: async () => ({
      ...(await hostInfo(services, manager, paths)),
      disks: (await reserve.filesystems()).map(
        ({ path, holds, totalBytes, freeBytes, reserveBytes }) => ({
          path,
          holds,
          totalBytes,
          freeBytes,
          reserveBytes,
        }),
      ),
    }),
  };
}

/** Returns the stats of the named containers that run, or of all that run. Rejects with ERR_CONTAINER_NOT_FOUND. */
export async function allStats(
  services: ContainerServices,
  manager: ContainerManager,
  names: readonly string[],
): Promise<ContainerStats[]> {
  const wanted =
    names.length > 0 ? names.map((name) => manager.find(name)) : [...manager.containers];
  const all = await Promise.all(wanted.map((container) => statsOf(services, container)));
  return all.filter((stats) => stats !== undefined);
}

async function hostInfo(
  services: ContainerServices,
  manager: ContainerManager,
  paths: Paths,
): Promise<Omit<HostInfo, 'disks'>> {
  const { host, defaultType, templates } = services.sandbox;
  const physinfo = await host.libxl.physinfo();
  const running = manager.list(false).length;
  return {
    version: VERSION,
    xen: {
      version: host.version.version,
      capabilities: Object.entries(physinfo.capabilities).flatMap(([name, has]) =>
        has ? [name] : [],
      ),
      commandline: host.version.commandline,
    },
    host: {
      cpus: physinfo.nrCpus,
      memoryBytes: physinfo.totalMemKib * 1024,
      freeMemoryBytes: physinfo.freeMemKib * 1024,
    },
    defaults: { type: defaultType, memoryBytes: DEFAULT_MEMORY_BYTES },
    templates: (await templates.list()).map(({ key, shape, bytes }) => ({
      key,
      type: shape.type,
      vcpus: shape.vcpus,
      memoryBytes: shape.memoryKib * 1024,
      bytes,
      ready: services.pool.ready(key),
    })),
    containers: { running, ended: manager.list(true).length - running },
    images: (await services.images.list()).length,
    paths: { state: paths.state, run: paths.run, guest: paths.guest },
  };
}
