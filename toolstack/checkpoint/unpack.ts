// SPDX-License-Identifier: Apache-2.0
// What a checkpoint's file holds of a domain, as a template that a new one is cloned from.

import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { memfdCreate } from '../../bindings/index.js';
import { closeFd } from '../clone/template/memfd.js';
import type { Template } from '../clone/template/template.js';
import type { CheckpointFile } from './read.js';
import type { WriteOptions } from './write.js';

/** How many pages dom0 has of a checkpoint for a while: the stream's, and what is made of it. Pure. */
export function pagesToRestore({ bytes, dataPages }: CheckpointFile['header']['memory']): number {
  return dataPages + Math.max(dataPages, Math.ceil(bytes / 4096));
}

/**
 * Its memory file is the caller's, and the data of its disk is in `disk`. Nothing of either is used before all of the file fits: rejects as
 * CheckpointFile.unpack() does.
 */
export async function unpackTemplate(
  file: CheckpointFile,
  disk: FileHandle | undefined,
  running: Omit<NonNullable<Template['running']>, 'vcpus'>,
  options: WriteOptions,
): Promise<Template> {
  const { domain, memory } = file.header;
  const { shape, vcpus, memTotalKib } = domain;
  const fd = memfdCreate('thaw-restore');
  try {
    await file.unpack({ memoryFd: fd, disk }, options);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  const key = `restore-${randomBytes(8).toString('hex')}`;
  return { key, shape, fd, ...memory, memTotalKib, running: { ...running, vcpus } };
}
