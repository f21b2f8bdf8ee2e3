// SPDX-License-Identifier: Apache-2.0
// thaw cp and export: copies files between containers, the host, and the client's own streams. The guest packs and unpacks its own files,
// thawd those of the host.

import { createWriteStream } from 'node:fs';
import { lstat, rm } from 'node:fs/promises';
import { posix, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { ArchiveOption, ArchiveVerb } from '../../agent/wire-process.js';
import type { Client, CopyOptions, RunOutcome } from '../../api/engine.js';
import { CopyError } from '../../archive/errors.js';
import { packLocal, PACKED } from '../../archive/pack-local.js';
import { unpackLocal } from '../../archive/unpack-local.js';
import { joinFiles, useFiles, type ArchiveOptions } from './archive-process.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { withFileGuest, type FileGuest } from './file-guest.js';
import type { ContainerRecord } from '../store/record.js';

/** Copies files; at least one end is a container. Rejects with ERR_COPY, ERR_CONTAINER_STATE and the like. */
export async function copyFiles(
  services: ContainerServices,
  manager: ContainerManager,
  { from, to, ...options }: CopyOptions,
  client: Client,
): Promise<RunOutcome> {
  const open = <T>(key: string, work: (fileGuest: FileGuest) => Promise<T>): Promise<T> =>
    withFileGuest(services, manager, { key, verb: 'copy files of', signal: client.signal }, work);
  const done: RunOutcome = { joined: false, status: 0 };
  if (from.kind === 'container' && to.kind === 'stream') {
    await open(from.container, (fileGuest) => joinFiles(fileGuest, packing(from.path), client));
    return { joined: true };
  }
  if (from.kind === 'stream' && to.kind === 'container') {
    await open(to.container, (fileGuest) =>
      joinFiles(fileGuest, unpacking(fileGuest, to.path, options), client),
    );
    return { joined: true };
  }
  if (from.kind === 'container' && to.kind === 'host') {
    await open(from.container, (fileGuest) =>
      fetch(fileGuest, from.path, to.path, options, client),
    );
    return done;
  }
  if (from.kind === 'host' && to.kind === 'container') {
    const path = resolve(client.cwd, from.path);
    await open(to.container, (fileGuest) =>
      useFiles(
        fileGuest,
        putting(fileGuest, from.path, to.path, options),
        client.signal,
        ({ input }) => packLocal(path, input, client.signal),
      ),
    );
    return done;
  }
  if (from.kind === 'container' && to.kind === 'container') {
    if (manager.find(from.container) === manager.find(to.container))
      throw new CopyError('Cannot copy within one container: use thaw exec CONTAINER cp');
    await openBoth(manager, [from.container, to.container], open, (source, target) =>
      useFiles(source, packing(from.path, PACKED), client.signal, ({ output }) =>
        useFiles(target, putting(target, from.path, to.path, options), client.signal, ({ input }) =>
          pipeline(output, input),
        ),
      ),
    );
    return done;
  }
  throw new CopyError('Cannot copy: neither side is a container');
}

/** Opens both containers, always in the same order: otherwise two crosswise copies would wait for each other. */
function openBoth<T>(
  manager: ContainerManager,
  [from, to]: [string, string],
  open: (key: string, work: (fileGuest: FileGuest) => Promise<T>) => Promise<T>,
  work: (source: FileGuest, target: FileGuest) => Promise<T>,
): Promise<T> {
  return manager.find(from).record.id < manager.find(to).record.id
    ? open(from, (source) => open(to, (target) => work(source, target)))
    : open(to, (target) => open(from, (source) => work(source, target)));
}

/** Writes a container's whole root filesystem as a tar archive to the client, or to a file of the host. */
export async function exportFiles(
  services: ContainerServices,
  manager: ContainerManager,
  key: string,
  output: string | undefined,
  client: Client,
): Promise<RunOutcome> {
  const archive = { verb: ArchiveVerb.PACK, path: '/', name: '.' };
  const asked = { key, verb: 'export', signal: client.signal };
  return withFileGuest(services, manager, asked, async (fileGuest) => {
    // Leaves out the container's mounts, such as /proc and volumes.
    const unmounted = { ...fileGuest, inGuest: '' };
    if (output === undefined) {
      await joinFiles(unmounted, archive, client);
      return { joined: true };
    }
    const path = resolve(client.cwd, output);
    const isNew = (await lstat(path).catch(() => undefined)) === undefined;
    const file = createWriteStream(path, { mode: 0o644 });
    try {
      await useFiles(unmounted, archive, client.signal, (process) =>
        pipeline(process.output, file),
      );
    } catch (error) {
      // A path that existed before stays: it may be a device or a user's file.
      if (isNew) await rm(path, { force: true });
      throw error;
    }
    return { joined: false, status: 0 };
  });
}

/** Packs a path under its own name, but a folder's contents under no name. */
function packing(path: string, name = baseOf(path) || '.'): ArchiveOptions {
  return { verb: ArchiveVerb.PACK, path, name };
}

function putting(
  { container: { record } }: FileGuest,
  from: string,
  path: string,
  { overwrites, keepsOwners }: Pick<CopyOptions, 'overwrites' | 'keepsOwners'>,
): ArchiveOptions {
  const name = baseOf(from);
  const options =
    (name === '' ? ArchiveOption.CONTENTS : 0) | (overwrites ? ArchiveOption.OVERWRITE : 0);
  return { verb: ArchiveVerb.PUT, path, name, options, ...ownerOf(record, keepsOwners) };
}

function unpacking(
  { container: { record } }: FileGuest,
  path: string,
  { overwrites, keepsOwners }: Pick<CopyOptions, 'overwrites' | 'keepsOwners'>,
): ArchiveOptions {
  const options = overwrites ? ArchiveOption.OVERWRITE : 0;
  return { verb: ArchiveVerb.UNPACK, path, name: '', options, ...ownerOf(record, keepsOwners) };
}

/** Returns the container's user as the owner of the copied files, unless the files keep their owners. */
function ownerOf(
  { process }: ContainerRecord,
  keepsOwners: boolean,
): Pick<ArchiveOptions, 'owner'> {
  const { uid, gid } = process?.user ?? { uid: 0, gid: 0 };
  return keepsOwners ? {} : { owner: { uid, gid } };
}

async function fetch(
  fileGuest: FileGuest,
  from: string,
  to: string,
  { overwrites }: Pick<CopyOptions, 'overwrites'>,
  client: Client,
): Promise<void> {
  const slash = /\/\.?$/.test(to) ? '/' : '';
  const target = resolve(client.cwd, to) + slash;
  const count = await useFiles(fileGuest, packing(from, PACKED), client.signal, (process) =>
    unpackLocal(process.output, { target, name: baseOf(from), overwrites }),
  );
  if (count === 0) throw new CopyError(`Cannot copy ${from}: it has no files that can be copied`);
}

/** Returns the last name of a path; '' for the root, and for a path that means a folder's contents. */
export function baseOf(path: string): string {
  if (/(^|\/)\.\/?$/.test(path)) return '';
  const base = posix.basename(posix.normalize(path));
  return base === '..' || base === '.' ? '' : base;
}
