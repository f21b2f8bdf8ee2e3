// SPDX-License-Identifier: Apache-2.0
// A store of images in a folder that the test's end removes, and archives to pull into it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { silentLog } from '../../../toolstack/base/log.js';
import { ImageStore, type ImageStoreOptions } from '../../../toolstack/image/index.js';
import { makeTar, writeArchive, writeLayout, type Entry, type ImageOptions } from './oci-image.js';

export interface Fixture {
  dir: string;
  root: string;
  store: ImageStore;
  /** Writes an oci-archive of one layer per list of entries; returns its path. */
  archive: (name: string, ...layers: Entry[][]) => Promise<string>;
}

export async function imageStore(
  t: ExecutionContext,
  options: Partial<ImageStoreOptions> = {},
): Promise<Fixture> {
  const dir = await mkdtemp(join(tmpdir(), 'thaw-store-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const root = join(dir, 'images');
  const archive = async (name: string, ...layers: Entry[][]) => {
    const tars = await Promise.all(layers.map(makeTar));
    return archiveOf(dir, name, { layers: tars.map((tar) => ({ tar })) });
  };
  return {
    dir,
    root,
    store: await ImageStore.open({ root, log: silentLog(), ...options }),
    archive,
  };
}

/** Writes an oci-archive; returns its path. */
export async function archiveOf(dir: string, name: string, options: ImageOptions): Promise<string> {
  await rm(join(dir, `${name}.layout`), { recursive: true, force: true });
  await writeLayout(join(dir, `${name}.layout`), options);
  await writeArchive(join(dir, `${name}.layout`), join(dir, name));
  return join(dir, name);
}
