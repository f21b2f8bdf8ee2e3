// SPDX-License-Identifier: Apache-2.0
// The driver of volumes without a size: a directory beside volume.json, which takes up as much disk space as its files.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesBelow } from '../../../base/disk-usage.js';
import type { VolumeRecord } from '../../record.js';
import { FILES, type VolumeDriver } from '../driver.js';

export class FolderDriver implements VolumeDriver {
  readonly name = 'folder';
  readonly #folderOf: (name: string) => string;

  constructor({ folderOf }: { folderOf: (name: string) => string }) {
    this.#folderOf = folderOf;
  }

  accepts(): boolean {
    return true;
  }

  pathOf({ name }: VolumeRecord): string {
    return join(this.#folderOf(name), FILES);
  }

  async create(record: VolumeRecord): Promise<void> {
    await mkdir(this.pathOf(record), { mode: 0o755 });
  }

  usage({ name }: VolumeRecord): Promise<number> {
    return bytesBelow(this.#folderOf(name));
  }
}
