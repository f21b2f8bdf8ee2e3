// SPDX-License-Identifier: Apache-2.0
// thaw checkpoint: a container that runs, memory and files, becomes a file, and ends unless it is to be left running.

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CheckpointOptions, Client } from '../../api/engine.js';
import { withProgress, type OnProgress } from '../../base/progress.js';
import { VERSION } from '../../base/version.js';
import {
  checkTarget,
  digestOf,
  writeCheckpoint,
  type CheckpointSource,
  type SavedLayer,
} from '../../checkpoint/index.js';
import { closeFd } from '../../clone/template/memfd.js';
import type { Image } from '../../image/index.js';
import type { Copied } from '../../sandbox/copy/copy.js';
import { removeCopy } from '../../sandbox/copy/copy-disk.js';
import { disksOf } from '../../sandbox/create/layers.js';
import type { Container } from '../lifecycle/container.js';
import { copyContainer, saveContainer } from './snapshot.js';
import { stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { ownImage } from '../store/image-of.js';
import { limitsOf, pidsLimitOf, type ContainerRecord } from '../store/record.js';

/**
 * Writes a container that runs to a file. It stands still from its copy on until the file is whole, and has ended then; left running,
 * it goes on once it is copied. Rejects as copyContainer() and writeCheckpoint() do: then there is no file, and it runs on.
 */
export async function checkpointContainer(
  services: ContainerServices,
  container: Container,
  { path, leavesRunning }: CheckpointOptions,
  client: Client,
): Promise<void> {
  const { record } = container;
  if (record.state !== 'running') throw stateError('checkpoint', record);
  const target = resolve(client.cwd, path);
  await checkTarget(target);
  await withProgress(client, async (onProgress) => {
    onProgress({ text: `Copying ${record.name}` });
    const layers = await layersOf(services, record, client.signal);
    const host = await services.sandbox.templates.traits();
    const write = (copied: Copied, signal: AbortSignal): Promise<void> =>
      writeCheckpoint(target, sourceOf(record, copied, { host, layers }), {
        signal,
        onProgress: tellOf(onProgress, `Writing ${path}`),
      });
    if (!leavesRunning) {
      await saveContainer(services, container, client.signal, write);
      return;
    }
    const copied = await copyContainer(services, container, 'checkpoint', client.signal);
    try {
      await write(copied, client.signal);
    } finally {
      closeFd(copied.fd);
      await removeCopy(copied.running?.upper);
    }
  });
  services.events.tell('checkpoint', record);
  if (!leavesRunning) await container.finished;
}

/** Steps of many bytes, with a line of its own. */
export function tellOf(
  onProgress: OnProgress,
  text: string,
): (done: number, total: number) => void {
  let hasBegun = false;
  return (done, total) => {
    if (!hasBegun) onProgress({ text });
    hasBegun = true;
    onProgress({ text, done, total });
  };
}

/** Which layers its guest has. Rejects with ERR_IMAGE_NOT_FOUND. */
async function layersOf(
  { images }: ContainerServices,
  record: ContainerRecord,
  signal: AbortSignal,
): Promise<SavedLayer[]> {
  const image = await ownImage(images, record.imageId);
  return savedLayers(image, disksOf(record.sandbox).length > 0, signal);
}

/** An image's layers as a checkpoint names them; what a guest has mounted is told apart to the last byte. */
export async function savedLayers(
  { layers }: Pick<Image, 'layers'>,
  areDisks: boolean,
  signal: AbortSignal,
): Promise<SavedLayer[]> {
  const saved: SavedLayer[] = [];
  for (const { diffId, erofsPath } of layers)
    saved.push({ diffId, ...(areDisks ? { erofs: await digestAt(erofsPath, signal) } : {}) });
  return saved;
}

async function digestAt(path: string, signal: AbortSignal): ReturnType<typeof digestOf> {
  const file = await open(path, 'r');
  return digestOf(file, signal).finally(() => file.close());
}

function sourceOf(
  record: ContainerRecord,
  copied: Copied,
  { host, layers }: Pick<CheckpointSource['about'], 'host' | 'layers'>,
): CheckpointSource {
  const { name, image, imageId, command, process, inGuest, cpus, flags, stopSignal } = record;
  const { hostname, network, memoryKib, inMemory, layers: own } = record.sandbox;
  const { shape, running, memTotalKib, fd, bytes, dataPages } = copied;
  const { args = [], env = [], cwd = '/', user } = process ?? {};
  const signal = record.options?.stopSignal ?? stopSignal;
  return {
    about: {
      ...{ thaw: VERSION, created: Date.now(), host, layers },
      container: {
        ...{ name, hostname, image, imageId, command, inGuest, cpus, flags },
        ...{ pidsLimit: pidsLimitOf(record), limits: limitsOf(record) },
        ...(user ? { process: { args, env, cwd, user } } : {}),
        ...(signal === undefined ? {} : { stopSignal: signal }),
        ...(record.memoryBytes === undefined ? {} : { memoryBytes: record.memoryBytes }),
        ...(network ? { network: network.network } : {}),
        ports: network?.ports ?? [],
      },
      domain: {
        ...{ shape, memTotalKib, vcpus: running?.vcpus ?? 1 },
        // xl may have given it more.
        memoryKib: Math.max(memoryKib, shape.memoryKib),
        inMemory: inMemory || own.length === 0,
      },
    },
    memory: { fd, bytes, dataPages },
    ...(running?.upper ? { disk: running.upper } : {}),
  };
}
