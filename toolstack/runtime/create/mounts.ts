// SPDX-License-Identifier: Apache-2.0
// Plans a container's mounts of host paths and volumes: the shares for its guest, and the bind mounts of its config.json.

import { realpath, stat } from 'node:fs/promises';
import type { CreateOptions, MountOption } from '../../api/engine.js';
import { EXPORTS_MAX } from '../../api/wire.js';
import { errorMessage } from '../../base/errors.js';
import {
  canBeSlave,
  OWN_FILES,
  sharedPath,
  shareNamed,
  type SharedFile,
} from '../../sandbox/shares/shares.js';
import type { Volumes } from '../../volume/index.js';
import { ContainerError } from '../errors.js';

/** A bind mount of config.json from a path of the guest. */
export interface Bind {
  destination: string;
  source: string;
  options: string[];
}

/**
 * Resolves with the same requests, including the names of new volumes: as with podman and docker, a volume exists as soon as a container
 * asks for it. Holds all volumes for `holder`, a container's id, also when it rejects, and adds anonymous volumes to `made`. Rejects with
 * ERR_USAGE and ERR_MOUNT_PATH before it makes a volume, and as Volumes.ensure() does.
 */
export async function nameVolumes(
  volumes: Volumes,
  options: CreateOptions,
  holder: string,
  made: string[],
): Promise<MountOption[]> {
  const { mounts = [] } = options;
  checkMounts(options, mounts);
  for (const { type, source } of mounts) if (type === 'bind') await checkPath(source);
  const named: MountOption[] = [];
  for (const mount of mounts) {
    const { type, source: name } = mount;
    if (type === 'bind') {
      named.push(mount);
      continue;
    }
    const wanted = name === '' ? undefined : name;
    const { name: source } = await volumes.ensure(wanted, holder, options.owner);
    if (name === '') made.push(source);
    named.push({ ...mount, source });
  }
  return named;
}

function checkMounts({ tmpfs = [] }: CreateOptions, mounts: readonly MountOption[]): void {
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

/** Returns the name of a mount's share, which is the mount's number on its container's command line. Pure. */
function shareNameOf(mounts: readonly MountOption[], mount: MountOption): string {
  return String(mounts.indexOf(mount));
}

/** Returns the share that planMounts() made of a mount; undefined for a container that was never planned. Pure. */
export function shareOf(
  files: readonly SharedFile[],
  mounts: readonly MountOption[],
  mount: MountOption,
): SharedFile | undefined {
  return shareNamed(files, shareNameOf(mounts, mount));
}

/** Resolves with the guest's shares. Holds the volumes, also when it rejects: with ERR_VOLUME_NOT_FOUND, ERR_VOLUME_DISK and ERR_MOUNT_PATH. */
export async function planMounts(
  volumes: Volumes,
  mounts: readonly MountOption[],
  holder: string,
): Promise<SharedFile[]> {
  const files: SharedFile[] = [];
  for (const mount of mounts) {
    const { type, source, destination, readOnly, noCopy, options } = mount;
    if (type === 'bind') await checkPath(source);
    const path = type === 'bind' ? source : await volumes.ready(source, holder);
    const fills =
      type === 'volume' && !readOnly && (await isToFill(volumes, source, holder, noCopy));
    files.push({
      name: shareNameOf(mounts, mount),
      path,
      readOnly,
      ...(propagationOf(options) !== 'rprivate' && canBeSlave(await realpath(path), readOnly)
        ? { isSlave: true }
        : {}),
      ...(fills ? { fillFrom: destination } : {}),
    });
  }
  return files;
}

/** Returns the bind mounts of config.json for the shares of that 9pfs device. Pure. */
export function bindsOf(mounts: readonly MountOption[] = [], device = OWN_FILES): Bind[] {
  return mounts.map((mount) => {
    const { destination, readOnly, options } = mount;
    // podman's defaults.
    const byDefault = ['nosuid', 'nodev'].filter((word) => !options.includes(word.slice(2)));
    const own = options.filter((word) => !SLAVE.includes(word));
    const propagation = propagationOf(options);
    const flags = ['rbind', propagation, readOnly ? 'ro' : 'rw', ...byDefault, ...own];
    const source = sharedPath(shareNameOf(mounts, mount), device);
    return { destination, source, options: [...new Set(flags)] };
  });
}

const SLAVE = ['slave', 'rslave'];

/** Returns the propagation of file systems that the host later mounts below the mount's source. Pure. */
export function propagationOf(options: readonly string[]): string {
  return options.find((word) => SLAVE.includes(word)) ?? 'rprivate';
}

/** True when the guest must fill a volume that it may write to. With `noCopy` the volume counts as filled, and stays as it is. */
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
