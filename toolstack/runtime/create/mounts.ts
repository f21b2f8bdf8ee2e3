// SPDX-License-Identifier: Apache-2.0
// What a container's wishes for files of the host come to: what its guest is given, and what its config.json binds from there.

import { realpath, stat } from 'node:fs/promises';
import type { CreateOptions, MountWish } from '../../api/engine.js';
import { EXPORTS_MAX } from '../../api/wire.js';
import { errorMessage } from '../../base/errors.js';
import { canBeSlave, OWN_FILES, sharedPath, type SharedFile } from '../../sandbox/shares/shares.js';
import type { Volumes } from '../../volume/index.js';
import { ContainerError } from '../errors.js';

/** A mount of config.json from what the guest has. */
export interface Bind {
  destination: string;
  source: string;
  options: string[];
}

/**
 * The same wishes, each new volume with the name that it got: as with podman and docker a volume is there as soon as a container wants
 * it. All are held for `holder`, a container's id, from now on, also when it rejects, and those that nobody named are in `made`. Rejects with
 * ERR_USAGE and ERR_MOUNT_PATH before anything is made, and as Volumes.ensure().
 */
export async function nameVolumes(
  volumes: Volumes,
  options: CreateOptions,
  holder: string,
  made: string[],
): Promise<MountWish[]> {
  const { mounts = [] } = options;
  checkMounts(options, mounts);
  for (const { type, source } of mounts) if (type === 'bind') await checkPath(source);
  const named: MountWish[] = [];
  for (const mount of mounts) {
    const { type, source: name } = mount;
    if (type === 'bind') {
      named.push(mount);
      continue;
    }
    const { name: source } = await volumes.ensure(name === '' ? undefined : name, holder);
    if (name === '') made.push(source);
    named.push({ ...mount, source });
  }
  return named;
}

function checkMounts({ tmpfs = [] }: CreateOptions, mounts: readonly MountWish[]): void {
  const places = [...mounts.map(({ destination }) => destination), ...tmpfs.map((t) => t.path)];
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined)
    throw new ContainerError('ERR_USAGE', `Cannot mount two things at ${twice}: leave out one`);
  if (mounts.length > EXPORTS_MAX)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot mount ${mounts.length} files of the host: ${EXPORTS_MAX} are allowed`,
    );
}

async function checkPath(path: string): Promise<void> {
  const status = await stat(path).catch((cause: unknown) => {
    throw new ContainerError('ERR_MOUNT_PATH', `Cannot mount ${path}: ${errorMessage(cause)}`, {
      cause,
    });
  });
  if (status.isDirectory() || status.isFile()) return;
  throw new ContainerError(
    'ERR_MOUNT_PATH',
    `Cannot mount ${path}: a folder or an ordinary file is wanted; to the guest's kernel a device or socket of the host means nothing`,
  );
}

/** What its guest is given. Its volumes are held from now on, also when it rejects: with ERR_VOLUME_NOT_FOUND, ERR_VOLUME_DISK and ERR_MOUNT_PATH. */
export async function planMounts(
  volumes: Volumes,
  mounts: readonly MountWish[],
  holder: string,
): Promise<SharedFile[]> {
  const files: SharedFile[] = [];
  for (const { type, source, destination, readOnly, noCopy, options } of mounts) {
    if (type === 'bind') await checkPath(source);
    const path = type === 'bind' ? source : await volumes.ready(source, holder);
    const fills =
      type === 'volume' && !readOnly && (await isToFill(volumes, source, holder, noCopy));
    files.push({
      ...{ path, readOnly },
      ...(propagationOf(options) !== 'rprivate' && canBeSlave(await realpath(path), readOnly)
        ? { isSlave: true }
        : {}),
      ...(fills ? { fillFrom: destination } : {}),
    });
  }
  return files;
}

/** What config.json binds of them, which the guest has over that device. Pure. */
export function bindsOf(mounts: readonly MountWish[] = [], device = OWN_FILES): Bind[] {
  return mounts.map(({ destination, readOnly, options }, index) => {
    // podman's.
    const byDefault = ['nosuid', 'nodev'].filter((word) => !options.includes(word.slice(2)));
    const own = options.filter((word) => !SLAVE.includes(word));
    const propagation = propagationOf(options);
    const flags = ['rbind', propagation, readOnly ? 'ro' : 'rw', ...byDefault, ...own];
    return { destination, source: sharedPath(index, device), options: [...new Set(flags)] };
  });
}

const SLAVE = ['slave', 'rslave'];

/** What comes to a mount of the host's that the host mounts below its source later. Pure. */
export function propagationOf(options: readonly string[]): string {
  return options.find((word) => SLAVE.includes(word)) ?? 'rprivate';
}

/** What a guest may not write to it does not fill either; and what it writes to without having filled it stays as it is. */
async function isToFill(
  volumes: Volumes,
  name: string,
  holder: string,
  noCopy = false,
): Promise<boolean> {
  if (!noCopy) return volumes.beginFill(name, holder);
  await volumes.filled(name);
  return false;
}
