// SPDX-License-Identifier: Apache-2.0
// Gives a guest the root filesystem of a bundle: a share of dom0's folder or, where an annotation asks for it, EROFS layers.

import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { LAYERS_MAX } from '../../../agent/wire.js';
import { errorMessage } from '../../../base/errors.js';
import type { FolderLayers, LayerFolder } from '../../../image/index.js';
import type { BundleConfig } from './config.js';
import { configError } from '../errors.js';
import { overlayAt } from './overlay-mount.js';

export const ROOTFS_ANNOTATION = 'io.thaw.rootfs';
const FIELD = `annotations.${ROOTFS_ANNOTATION}`;

/** `erofs-volatile` can be written to. The writes stay in the guest's memory and end with it; dom0 does not see them. */
const KINDS = ['9pfs', 'erofs', 'erofs-volatile'] as const;
export type RootfsKind = (typeof KINDS)[number];

/** Returns the kind that the annotation asks for. Throws ERR_OCI_CONFIG. Pure. */
export function rootfsKind({ annotations, root }: BundleConfig): RootfsKind {
  const wanted = annotations[ROOTFS_ANNOTATION] ?? '9pfs';
  const kind = KINDS.find((known) => known === wanted);
  if (!kind) throw configError(FIELD, `"${wanted}": ${KINDS.join(', ')} are allowed`);
  if (kind === 'erofs' && !root.readonly)
    throw configError(
      FIELD,
      'erofs is for a root filesystem that is read-only (root.readonly), and of one that is not erofs-volatile loses what is written',
    );
  return kind;
}

/** Returns true where the root filesystem is a copy that neither dom0 nor the guest can change. Pure. */
export function isSealed({ annotations }: Pick<BundleConfig, 'annotations'>): boolean {
  return annotations[ROOTFS_ANNOTATION] === 'erofs';
}

export interface RootLayers {
  /** Paths of the layers, the topmost last. */
  paths: string[];
  bytes: number[];
}

/**
 * Makes the layers of the overlay that a container engine mounted at `root`, and keeps them for the holder. `root` has no symlinks. Rejects with
 * ERR_OCI_CONFIG where the mount has no layers, and as FolderLayers.take() does.
 */
export async function layersOfRoot(
  layers: FolderLayers,
  holder: string,
  root: string,
  signal: AbortSignal,
): Promise<RootLayers> {
  const folders = await foldersOf(root).catch((error: unknown) => {
    throw configError(FIELD, `${errorMessage(error)}: its root filesystem can only be had by 9pfs`);
  });
  const made = await layers.take(holder, folders, signal);
  return { paths: made.map(({ path }) => path), bytes: made.map(({ bytes }) => bytes) };
}

/** Resolves with the folders of the layers, the topmost last. Rejects with RangeError, or the system's error. */
async function foldersOf(root: string): Promise<LayerFolder[]> {
  const mountinfo = await readFile('/proc/self/mountinfo', 'utf8');
  const { lower, upper } = overlayAt(mountinfo, root, await overlayDefaults());
  const folders: LayerFolder[] = [];
  for (const named of lower) {
    const folder = await realpath(named);
    await checkStore(folder);
    folders.unshift({ folder, isOwn: false });
  }
  // The upper folder has files of the container engine or of an earlier start.
  if (upper !== undefined && (await readdir(upper)).length > 0)
    folders.push({ folder: upper, isOwn: true });
  if (folders.length > LAYERS_MAX)
    throw new RangeError(`it has ${folders.length} layers: ${LAYERS_MAX} are allowed`);
  return folders;
}

/** Resolves with the kernel's defaults for overlays. */
async function overlayDefaults(): Promise<string[]> {
  const parameters = '/sys/module/overlay/parameters';
  const defaults: string[] = [];
  for (const name of ['metacopy', 'redirect_dir']) {
    const value = await readFile(`${parameters}/${name}`, 'utf8').catch(() => 'N');
    if (value.trim() === 'Y') defaults.push(`${name}=on`);
  }
  return defaults;
}

/** Rejects with RangeError for a folder that users other than root might change. */
async function checkStore(folder: string): Promise<void> {
  if (!STORES.some((pattern) => pattern.test(folder)))
    throw new RangeError(`${folder} is not in a store of podman's, Docker's or containerd's`);
  // The image gives its root's mode to the layer's own folder, so only the folders above are checked.
  for (let above = dirname(folder); above !== '/'; above = dirname(above)) {
    const { uid, mode } = await stat(above);
    if (uid !== 0 || (mode & OTHERS_WRITE) !== 0)
      throw new RangeError(`others than root may write to ${above}`);
  }
}

const OTHERS_WRITE = 0o022;

/** Container engines keep unpacked layers in these folders and do not change them: containers-storage, containerd, Docker. */
const STORES = [
  /\/overlay\/[0-9a-f]{64}\/diff$/,
  /\/snapshots\/\d+\/fs$/,
  /\/overlay2\/[0-9a-z]+(-init)?\/diff$/,
];
