// SPDX-License-Identifier: Apache-2.0
// thaw system df: measures the disk space of images, containers, volumes, templates, frozen images and engines' layers, and how much of it is unused.

import { join } from 'node:path';
import type { DiskUsage } from '../../api/engine.js';
import { bytesBelow } from '../../base/disk-usage.js';
import { usersOf } from '../../runtime/create/volumes.js';
import { isUp } from '../../runtime/lifecycle/lifecycle.js';
import type { ContainerManager, ContainerServices } from '../../runtime/store/containers.js';
import { needsImage } from './images.js';
import type { FolderLayers } from '../../image/index.js';
import type { Paths } from '../../base/paths.js';

/** Resolves with a row for each kind of thing, also where there is none of it. */
export async function diskUsage(
  services: ContainerServices,
  manager: ContainerManager,
  { state }: Paths,
  layers: Pick<FolderLayers, 'usage'>,
): Promise<DiskUsage[]> {
  return Promise.all([
    imageUsage(services, manager),
    containerUsage(manager, join(state, 'containers')),
    volumeUsage(services, manager),
    templateUsage(services, join(state, 'templates')),
    frozenUsage(services, join(state, 'frozen')),
    layerUsage(layers),
  ]);
}

async function imageUsage(
  services: ContainerServices,
  manager: ContainerManager,
): Promise<DiskUsage> {
  const { total, used, bytes, usedBytes } = await services.images.usage((image) =>
    needsImage(services, manager, image),
  );
  return { type: 'Images', total, active: used, bytes, reclaimableBytes: bytes - usedBytes };
}

/**
 * Measures the layers of the images of podman, Docker and containerd. Layers that no container has are reclaimable: thawd makes them again on demand.
 */
async function layerUsage(layers: Pick<FolderLayers, 'usage'>): Promise<DiskUsage> {
  const { total, active, bytes, usedBytes } = await layers.usage();
  return { type: 'Engine Layers', total, active, bytes, reclaimableBytes: bytes - usedBytes };
}

/** Measures the containers' records, logs and disks. Of a disk only the written part counts. */
async function containerUsage(manager: ContainerManager, folder: string): Promise<DiskUsage> {
  const all = [...manager.containers].map(({ record }) => record);
  const up = all.filter((record) => isUp(record));
  const size = ({ id }: { id: string }): Promise<number> => bytesBelow(join(folder, id));
  const ended = all.filter(({ state }) => ['created', 'exited', 'lost'].includes(state));
  return {
    type: 'Containers',
    total: all.length,
    active: up.length,
    bytes: await sum(all.map(size)),
    reclaimableBytes: await sum(ended.map(size)),
  };
}

/** Measures volumes. Volumes without containers count as reclaimable, as with podman. */
async function volumeUsage(
  { volumes }: ContainerServices,
  manager: ContainerManager,
): Promise<DiskUsage> {
  const all = volumes
    .list()
    .map((record) => ({ record, isUsed: usersOf(manager, record.name).length > 0 }));
  const size = ({ record }: (typeof all)[number]): Promise<number> => volumes.usage(record);
  return {
    type: 'Local Volumes',
    total: all.length,
    active: all.filter(({ isUsed }) => isUsed).length,
    bytes: await sum(all.map(size)),
    reclaimableBytes: await sum(all.filter(({ isUsed }) => !isUsed).map(size)),
  };
}

/** Measures the templates with the kernel alone. None counts as reclaimable: thawd would make a missing one again. */
async function templateUsage(services: ContainerServices, folder: string): Promise<DiskUsage> {
  const all = await services.sandbox.templates.list();
  const active = all.filter(({ key }) => services.pool.ready(key) > 0).length;
  const bytes = await bytesBelow(folder);
  return { type: 'Templates', total: all.length, active, bytes, reclaimableBytes: 0 };
}

/** Measures frozen images. None counts as reclaimable: a user froze each of them to clone it. */
async function frozenUsage({ frozen }: ContainerServices, folder: string): Promise<DiskUsage> {
  const names = frozen.list().map(({ name }) => name);
  const active = names.filter((name) => frozen.loaded(name) !== undefined).length;
  const bytes = await bytesBelow(folder);
  return { type: 'Frozen', total: names.length, active, bytes, reclaimableBytes: 0 };
}

async function sum(parts: readonly Promise<number>[]): Promise<number> {
  return (await Promise.all(parts)).reduce((all, one) => all + one, 0);
}
