// SPDX-License-Identifier: Apache-2.0
// thaw checkpoint: writes a running container, memory and files, to a file. The container ends unless it is to be left running.

import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { CheckpointOptions, Client } from '../../api/engine.js';
import { withProgress, type OnProgress } from '../../base/progress.js';
import {
  checkTarget,
  digestOf,
  type SavedContainer,
  type SavedLayer,
} from '../../checkpoint/index.js';
import type { Image } from '../../image/index.js';
import { disksOf } from '../../sandbox/boot/layers.js';
import type { Container } from '../lifecycle/container.js';
import { saveDomain, type SaveRequest } from './save.js';
import { exclusively } from './snapshot.js';
import { stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { ownImage } from '../store/image-of.js';
import { limitsOf, pidsLimitOf, type ContainerRecord } from '../store/record.js';

/**
 * Writes a running container to a file. The container is frozen from its copy on until the file is whole, and has ended then. With
 * `leavesRunning` it resumes once it is copied. Rejects with ERR_IMAGE_NOT_FOUND, and as copyContainer() and saveDomain() do: there is no file then, and the
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
    const image = await ownImage(services.images, record.imageId);
    const layers = await savedLayers(image, disksOf(record.sandbox).length > 0, client.signal);
    const request: SaveRequest = {
      path: target,
      sandbox: record.sandbox,
      inGuest: record.inGuest,
      leavesRunning,
      signal: client.signal,
      onProgress: tellOf(onProgress, `Writing ${path}`),
      describe: () => ({ container: savedOf(record), layers }),
    };
    await saveDomain(services.sandbox, request, (work) =>
      exclusively(services, container, 'checkpoint', client.signal, async (sandbox, signal) => {
        const result = await work(sandbox, signal);
        if (leavesRunning) return result;
        // No restart policy may start the container again: it continues where its file is restored.
        record.isStopped = true;
        void container.end({ exit: { kind: 'exited', code: 0 } });
        return result;
      }),
    );
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

/** Resolves with an image's layers as a checkpoint names them. Layers on disks must match byte for byte, so they get a digest. */
export async function savedLayers(
  { layers }: Pick<Image, 'layers'>,
  areDisks: boolean,
  signal: AbortSignal,
): Promise<SavedLayer[]> {
  const saved: SavedLayer[] = [];
  for (const { diffId, erofsPath } of layers)
    saved.push({ diffId, erofs: areDisks ? await digestAt(erofsPath, signal) : undefined });
  return saved;
}

async function digestAt(path: string, signal: AbortSignal): ReturnType<typeof digestOf> {
  const file = await open(path, 'r');
  return digestOf(file, signal).finally(() => file.close());
}

function savedOf(record: ContainerRecord): SavedContainer {
  const { name, image, imageId, command, process, inGuest, cpus, flags, memoryBytes } = record;
  const { hostname, network } = record.sandbox;
  const { args = [], env = [], cwd = '/', user } = process ?? {};
  return {
    name,
    hostname,
    image,
    imageId,
    command,
    inGuest,
    cpus,
    flags,
    memoryBytes,
    pidsLimit: pidsLimitOf(record),
    limits: limitsOf(record),
    process: user && { args, env, cwd, user },
    stopSignal: record.options?.stopSignal ?? record.stopSignal,
    network: network?.network,
    ports: network?.ports ?? [],
  };
}
