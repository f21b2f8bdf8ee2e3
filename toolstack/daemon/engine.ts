// SPDX-License-Identifier: Apache-2.0
// What the command line's wishes mean: each call of the Engine interface, done with containers, images and the host.

import { createReadStream } from 'node:fs';
import type {
  Client,
  Engine,
  ExecOptions,
  HostInfo,
  ImageSummary,
  PullOptions,
  RunOptions,
} from '../api/engine.js';
import { errorCode } from '../base/errors.js';
import { VERSION } from '../base/version.js';
import { cloneContainer } from '../container/clone.js';
import { execIn } from '../container/exec.js';
import type { ContainerManager, ContainerServices } from '../container/manager.js';
import { readLog } from '../container/log.js';
import type { Image } from '../image/index.js';
import { DEFAULT_MEMORY_BYTES } from '../sandbox/limits.js';
import { defaultGuestType } from '../xen/host.js';
import { freeze, freezeContainer, listTemplates } from './frozen.js';
import type { Paths } from './settings.js';

export function createEngine(
  services: ContainerServices,
  manager: ContainerManager,
  paths: Paths,
): Engine {
  const { images } = services;
  return {
    run: (options: RunOptions, client: Client) => manager.run(options, client),
    exec: (name: string, options: ExecOptions, client: Client) =>
      execIn(services, manager.find(name), options, client),
    list: (all: boolean) => manager.list(all),
    kill: (name: string, signal: number) =>
      Promise.resolve().then(() => manager.kill(name, signal)),
    remove: (name: string, force: boolean) => manager.remove(name, force),
    logs: (name: string, client: Client) => printLog(services, manager, name, client),
    images: async () => (await images.list()).map(summarizeImage),
    pull: (reference: string, options: PullOptions, client: Client) =>
      pull(services, reference, options, client),
    removeImage: (reference: string) =>
      images.remove(
        reference,
        (image) => manager.usesImage(image.id) || services.frozen.needsImage(image.id),
      ),
    freeze: (options, client) => freeze(services, options, client),
    freezeContainer: (name, options, client) =>
      freezeContainer(services, manager.find(name), options, client),
    clone: (name, options, client) =>
      cloneContainer(services, manager, manager.find(name), options, client),
    unfreeze: (name) => services.frozen.remove(name),
    templates: () => listTemplates(services),
    info: () => hostInfo(services, manager, paths),
  };
}

async function pull(
  services: ContainerServices,
  reference: string,
  options: PullOptions,
  client: Client,
): Promise<ImageSummary> {
  const image = await services.images.pull(reference, {
    tlsVerify: options.tlsVerify,
    cwd: client.cwd,
    signal: client.signal,
    onProgress: (line) => client.err(`${line}\n`),
  });
  return summarizeImage(image);
}

function summarizeImage(image: Image): ImageSummary {
  const { id, names, size, created, layers } = image;
  return { id, names, size, created: created ?? '', layers: layers.length };
}

/** Copies a container's log to the client, stdout and stderr apart. A log that is not there is an empty one. */
async function printLog(
  services: ContainerServices,
  manager: ContainerManager,
  name: string,
  client: Client,
): Promise<void> {
  const path = services.records.logPath(manager.find(name).record.id);
  for (const file of [`${path}.1`, path]) {
    try {
      for await (const entry of readLog(createReadStream(file))) {
        if (entry.stream === 'stderr') client.err(entry.bytes);
        else client.out(entry.bytes);
        await client.drained();
      }
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

async function hostInfo(
  services: ContainerServices,
  manager: ContainerManager,
  paths: Paths,
): Promise<HostInfo> {
  const { host, templates } = services.sandbox;
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
    defaults: { type: defaultGuestType(physinfo), memoryBytes: DEFAULT_MEMORY_BYTES },
    templates: (await templates.list()).map(({ key, shape, bytes }) => ({
      ...{ key, type: shape.type, vcpus: shape.vcpus, memoryBytes: shape.memoryKib * 1024, bytes },
      ready: services.pool.ready(key),
    })),
    containers: { running, ended: manager.list(true).length - running },
    images: (await services.images.list()).length,
    paths: { state: paths.state, run: paths.run, guest: paths.guest },
  };
}
