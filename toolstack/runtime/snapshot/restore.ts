// SPDX-License-Identifier: Apache-2.0
// thaw restore: makes a container that continues from a checkpoint's file, with an identity of its own. Leaves nothing when it fails.

import { mkdir, open, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Client, RestoreOptions } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { withProgress } from '../../base/progress.js';
import { formatBytes } from '../../base/text.js';
import { Undo } from '../../base/undo.js';
import type { Reserve } from '../../disk/index.js';
import {
  CheckpointError,
  unpackTemplate,
  writeFailure,
  type CheckpointFile,
  type CheckpointHeader,
  type SavedContainer,
} from '../../checkpoint/index.js';
import type { Template } from '../../clone/template/template.js';
import type { Image } from '../../image/index.js';
import type { Disk } from '../../sandbox/devices/disks.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { savedLayers, tellOf } from './checkpoint.js';
import { begin, prepare } from './clone.js';
import { checkSize, withCheckpoint, withTemplate } from './lend-checkpoint.js';
import { Container } from '../lifecycle/container.js';
import { recordOfCopy, type CopySource } from './snapshot.js';
import { ContainerError } from '../errors.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { checkName } from '../store/names.js';
import type { ContainerRecord } from '../store/record.js';

/**
 * Makes a container from the file and resumes it. Resolves with its id. Rejects with ERR_CHECKPOINT_FILE, _DAMAGED or _HOST,
 * ERR_IMAGE_NOT_FOUND, ERR_DISK, ERR_DISK_RESERVE, ERR_MEMORY, and as createSandbox() does. Leaves no container when it rejects.
 */
export async function restoreContainer(
  services: ContainerServices,
  manager: ContainerManager,
  { path, name: wanted, ports }: RestoreOptions,
  client: Client,
): Promise<string> {
  const absolute = resolve(client.cwd, path);
  return withCheckpoint(services.sandbox, absolute, path, async (file) => {
    const saved = containerOf(file.header, path);
    checkName(wanted ?? saved.name);
    const name = manager.reserveName(wanted ?? saved.name);
    try {
      await checkSize(services.sandbox, file.header);
      const image = await imageOf(services, saved, path);
      await checkLayers(file.header, image, path, client.signal);
      const request = {
        name,
        rm: false,
        ports: ports ?? saved.ports,
        // Under its old name the container keeps its hostname. Under another name its hostname is its id, as usual.
        ...(wanted === undefined ? { hostname: saved.hostname } : {}),
      };
      const source = sourceOf(saved, file.header, image);
      const record = await recordOfCopy(services.sandbox, source, request);
      return await goOn(services, manager, record, file, client);
    } finally {
      manager.freeName(name);
    }
  });
}

/** Throws ERR_CHECKPOINT_FILE for the checkpoint of a container engine. */
function containerOf({ container }: CheckpointHeader, path: string): SavedContainer {
  if (container) return container;
  throw new CheckpointError(
    'ERR_CHECKPOINT_FILE',
    `Cannot restore from ${path}: it has only the memory of an engine's container; restore it with that engine`,
  );
}

/** Resolves with the container's id when it runs. Leaves nothing of it when it rejects. */
function goOn(
  services: ContainerServices,
  manager: ContainerManager,
  record: ContainerRecord,
  file: CheckpointFile,
  client: Client,
): Promise<string> {
  const { sandbox, pool, log, events } = services;
  return Undo.guard(log, async (undo) => {
    const container = new Container(record, services.records, log);
    undo.push(`container ${record.name}`, () => manager.undo(container));
    manager.add(container);
    const unpacked = await unpackWithin(sandbox.reserve, file, record.sandbox, client);
    await withTemplate(sandbox, unpacked, async (template) => {
      events.tell('create', record);
      await pool.during(() => prepare(services, manager, container, template, client.signal));
      await begin(services, container, client);
      await container.transition('run');
      manager.watchOver(container);
    });
    events.tell('restore', record);
    return record.id;
  });
}

async function imageOf(
  { images }: ContainerServices,
  { image: called, imageId }: SavedContainer,
  path: string,
): Promise<Image> {
  const image = (await images.list()).find(({ id }) => id === imageId);
  if (image) return image;
  const short = imageId.slice(7, 19);
  throw new ContainerError(
    'ERR_IMAGE_NOT_FOUND',
    `Cannot restore from ${path}: its image ${short} is not here; get it with thaw pull ${called}, or from the other host with thaw save and thaw load`,
  );
}

/** Rejects with ERR_CHECKPOINT_HOST for other layers: the guest's memory refers to positions in its layers. */
async function checkLayers(
  header: CheckpointHeader,
  image: Image,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const { inMemory } = header.domain;
  const own = await savedLayers(image, !inMemory, signal);
  const isSame =
    own.length === header.layers.length &&
    own.every(({ diffId, erofs }, index) => {
      const there = header.layers[index];
      return (
        there?.diffId === diffId &&
        (inMemory || (there.erofs?.sha256 === erofs?.sha256 && there.erofs?.bytes === erofs?.bytes))
      );
    });
  if (isSame) return;
  throw new CheckpointError(
    'ERR_CHECKPOINT_HOST',
    `Cannot restore from ${path}: the layers of image ${image.id.slice(7, 19)} differ from those on the host that wrote the checkpoint; ` +
      'install the same erofs-utils, and remove and pull the image again',
  );
}

function sourceOf(
  container: SavedContainer,
  { domain, disk }: CheckpointHeader,
  image: Image,
): CopySource {
  const { image: called, imageId, command, process, inGuest, cpus, flags } = container;
  const { stopSignal, network, pidsLimit, limits, memoryBytes } = container;
  const { shape, vcpus, memoryKib, inMemory } = domain;
  return {
    image: called,
    imageId,
    command,
    inGuest,
    cpus,
    flags,
    ...defined({ process, pidsLimit, memoryBytes, limits, stopSignal }),
    sandbox: {
      type: shape.type,
      vcpus,
      memoryKib,
      inMemory,
      layers: inMemory ? [] : image.layers.map(({ erofsPath }) => erofsPath),
      ...(disk ? { disk: { bytes: disk.bytes } } : {}),
      ...(network === undefined ? {} : { network: { network } }),
    },
  };
}

/** Unpacks as unpack() does, where the disk keeps its reserve beside the writable layer. Rejects with ERR_DISK_RESERVE as well. */
function unpackWithin(
  reserve: Reserve,
  file: CheckpointFile,
  record: SandboxRecord,
  client: Client,
): Promise<Template> {
  const work = (): Promise<Template> => unpack(file, record, client);
  const { disk } = record;
  if (!disk) return work();
  const bytes = file.header.disk?.dataBytes ?? 0;
  return reserve.holding(dirname(disk.path), `restore from ${file.title}`, bytes, work);
}

/** Resolves with a template. The caller owns its memory file, the container its disk. Nothing uses either before the whole file is checked. */
async function unpack(
  file: CheckpointFile,
  { disk, layers }: SandboxRecord,
  client: Client,
): Promise<Template> {
  const upper = disk && (await makeDisk(disk, file.header.disk?.dataBytes ?? 0));
  const running = { disks: layers, ...defined({ upper: disk }) };
  try {
    return await withProgress(client, (onProgress) =>
      unpackTemplate(file, upper, running, {
        signal: client.signal,
        onProgress: tellOf(onProgress, `Reading ${file.title}`),
      }),
    );
  } catch (error) {
    throw disk ? writeFailure(disk.path, error) : error;
  } finally {
    await upper?.close();
  }
}

/** Makes the empty file of a new disk. Rejects with ERR_DISK when the file system has no room for `dataBytes`. */
async function makeDisk({ path }: Disk, dataBytes: number): Promise<FileHandle> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < dataBytes)
    throw new CheckpointError(
      'ERR_DISK',
      `Cannot make a writable layer of ${formatBytes(dataBytes)} in ${folder}: its file system has ${formatBytes(bavail * bsize)} free`,
    );
  return open(path, 'wx', 0o600);
}
