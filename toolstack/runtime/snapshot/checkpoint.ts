// SPDX-License-Identifier: Apache-2.0
// thaw checkpoint: writes a running container, memory and files, to a file. The container ends unless it is to be left running.

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
import { disksOf } from '../../sandbox/boot/layers.js';
import type { Container } from '../lifecycle/container.js';
import { copyContainer, saveContainer } from './snapshot.js';
import { stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { ownImage } from '../store/image-of.js';
import { limitsOf, pidsLimitOf, type ContainerRecord } from '../store/record.js';

/**
 * Writes a running container to a file. The container is frozen from its copy on until the file is whole, and has ended then. With
 * `leavesRunning` it resumes once it is copied. Rejects as copyContainer() and writeCheckpoint() do: there is no file then, and the
 * container runs on.
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

/** Returns a callback that reports progress in bytes under `text`. Its first call also reports `text` alone. */
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

/** Resolves with the layers of the container's guest. Rejects with ERR_IMAGE_NOT_FOUND. */
async function layersOf(
  { images }: ContainerServices,
  record: ContainerRecord,
  signal: AbortSignal,
): Promise<SavedLayer[]> {
  const image = await ownImage(images, record.imageId);
  return savedLayers(image, disksOf(record.sandbox).length > 0, signal);
}

/** Resolves with an image's layers as a checkpoint names them. Layers on disks must match byte for byte, so they get a digest. */
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
        // xl may have given the domain more memory.
        memoryKib: Math.max(memoryKib, shape.memoryKib),
        inMemory: inMemory || own.length === 0,
      },
    },
    memory: { fd, bytes, dataPages },
    ...(running?.upper ? { disk: running.upper } : {}),
  };
}
