// SPDX-License-Identifier: Apache-2.0
// thaw restore: makes a container that continues from a checkpoint's file, with an identity of its own. Leaves nothing when it fails.

import { mkdir, open, statfs, type FileHandle } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Client, RestoreOptions } from '../../api/engine.js';
import { withProgress } from '../../base/progress.js';
import { formatBytes } from '../../base/text.js';
import { Undo } from '../../base/undo.js';
import {
  CheckpointError,
  CheckpointFile,
  pagesToRestore,
  unpackTemplate,
  writeFailure,
  type CheckpointHeader,
  type SavedContainer,
} from '../../checkpoint/index.js';
import { closeFd } from '../../clone/template/memfd.js';
import type { Template } from '../../clone/template/template.js';
import { checkTraits } from '../../clone/template/traits.js';
import type { Image } from '../../image/index.js';
import type { Disk } from '../../sandbox/devices/disks.js';
import { checkLimits } from '../../sandbox/size/size.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { checkRoomForPages } from '../../sandbox/snapshot/spool.js';
import { savedLayers, tellOf } from './checkpoint.js';
import { begin, prepare } from './clone.js';
import { Container } from '../lifecycle/container.js';
import { recordOfCopy, type CopySource } from './snapshot.js';
import { ContainerError } from '../errors.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { checkName } from '../store/names.js';

/**
 * Makes a container from the file and resumes it. Resolves with its id. Rejects with ERR_CHECKPOINT_FILE, _DAMAGED or _HOST,
 * ERR_IMAGE_NOT_FOUND, ERR_DISK, ERR_MEMORY, and as createSandbox() does. Leaves no container when it rejects.
 */
export async function restoreContainer(
  services: ContainerServices,
  manager: ContainerManager,
  { path, name: wanted, ports }: RestoreOptions,
  client: Client,
): Promise<string> {
  const { sandbox, pool, log } = services;
  const { signal } = client;
  const file = await CheckpointFile.open(resolve(client.cwd, path), path);
  let name: string | undefined;
  try {
    const { header } = file;
    const { container: saved } = header;
    if (!saved)
      throw new CheckpointError(
        'ERR_CHECKPOINT_FILE',
        `Cannot restore from ${path}: it is an engine's container, of which this is the memory alone; restore it with that engine`,
      );
    checkTraits(path, header.host, await sandbox.templates.traits());
    checkName(wanted ?? saved.name);
    name = manager.reserveName(wanted ?? saved.name);
    const { shape, memoryKib } = header.domain;
    const asked = { type: shape.type, memoryBytes: memoryKib * 1024, cpus: header.domain.vcpus };
    await checkLimits(asked, sandbox, shape.memoryKib);
    // A lack of memory must show before anything is read. The stream is in memory beside its pages.
    (await sandbox.budget.reserve(memoryKib))();
    await checkRoomForPages(pagesToRestore(header.memory));
    const image = await imageOf(services, saved, path);
    await checkLayers(header, image, path, signal);
    const source = sourceOf(saved, header, image);
    const wish = {
      ...{ name, rm: false, ports: ports ?? saved.ports },
      // Under its old name the container keeps its hostname. Under another name its hostname is its id, as usual.
      ...(wanted === undefined ? { hostname: saved.hostname } : {}),
    };
    return await Undo.guard(log, async (undo) => {
      const record = await recordOfCopy(sandbox, source, wish);
      const container = new Container(record, services.records, log);
      undo.push(`container ${wish.name}`, () => manager.undo(container));
      manager.add(container);
      const template = await unpack(file, record.sandbox, path, client);
      try {
        services.events.tell('create', record);
        await pool.during(() => prepare(services, manager, container, template, signal));
        await begin(services, container, client);
        await container.transition('run');
        manager.watchOver(container);
      } finally {
        await sandbox.engine.forget(template);
        closeFd(template.fd);
      }
      services.events.tell('restore', record);
      return record.id;
    });
  } finally {
    await file.close();
    if (name !== undefined) manager.freeName(name);
  }
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
    `Cannot restore from ${path}: this host unpacked the layers of image ${image.id.slice(7, 19)} otherwise than the one where it was made; ` +
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
    ...{ image: called, imageId, command, inGuest, cpus, flags },
    ...(process ? { process } : {}),
    ...(pidsLimit === undefined ? {} : { pidsLimit }),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(limits ? { limits } : {}),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    sandbox: {
      ...{ type: shape.type, vcpus, memoryKib, inMemory },
      layers: inMemory ? [] : image.layers.map(({ erofsPath }) => erofsPath),
      ...(disk ? { disk: { bytes: disk.bytes } } : {}),
      ...(network === undefined ? {} : { network: { network } }),
    },
  };
}

/** Resolves with a template. The caller owns its memory file, the container its disk. Nothing uses either before the whole file is checked. */
async function unpack(
  file: CheckpointFile,
  { disk, layers }: SandboxRecord,
  path: string,
  client: Client,
): Promise<Template> {
  const upper = disk && (await makeDisk(disk, file.header.disk?.dataBytes ?? 0));
  const running = { disks: layers, ...(disk ? { upper: disk } : {}) };
  try {
    return await withProgress(client, (onProgress) =>
      unpackTemplate(file, upper, running, {
        signal: client.signal,
        onProgress: tellOf(onProgress, `Reading ${path}`),
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
