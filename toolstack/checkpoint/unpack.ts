// SPDX-License-Identifier: Apache-2.0
// Unpacks a checkpoint's domain into a template, from which thaw clones the restored domain.

import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { memfdCreate } from '../../bindings/index.js';
import { closeFd } from '../clone/template/memfd.js';
import type { Template } from '../clone/template/template.js';
import type { CheckpointFile } from './read.js';
import type { WriteOptions } from './write.js';

/** Pages of dom0's memory that a restore takes for a while: those of the save stream, and those of the template made from it. Pure. */
export function pagesToRestore({ bytes, dataPages }: CheckpointFile['header']['memory']): number {
  return dataPages + Math.max(dataPages, Math.ceil(bytes / 4096));
}

/**
 * Resolves with a template whose memory file belongs to the caller; the disk's data goes into `disk`. Both are valid only when this resolves.
 * Rejects as CheckpointFile.unpack() does.
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
