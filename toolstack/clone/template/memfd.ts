// SPDX-License-Identifier: Apache-2.0
// Memory files by descriptor: each user opens its own, because a descriptor's offset is shared by all who hold it.

import { closeSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

/** Opens the file behind `fd` again, at offset 0. */
export function reopenFd(fd: number, flags: 'r' | 'w'): Promise<FileHandle> {
  return open(`/proc/self/fd/${fd}`, flags);
}

export function closeFd(fd: number): void {
  closeSync(fd);
}
