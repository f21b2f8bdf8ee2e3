// SPDX-License-Identifier: Apache-2.0
// Converts folders of container engines' stores into EROFS. KEY.erofs holds a folder that does not change, and KEY.json names the folder.
// own-HOLDER-N.erofs holds a container's own folder. Both are layers of an overlay and keep its marks (overlayfs.rst).
import { createHash, randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../base/errors.js';
import { removeTemporaries, writeAtomic } from '../../base/files.js';
import type { Log } from '../../base/log.js';
import { noReserve, type Reserve } from '../../disk/index.js';
import { ImageError } from '../errors.js';
import { complaintOf, flush, ranOutOfSpace, REPRODUCIBLE } from './mkfs.js';
import { runWalled, ToolFailure } from '../tool.js';
import { FILE } from '../tool-walls.js';
import { KeyedQueue } from '../shared-work.js';

const TIMEOUT_MS = 30 * 60 * 1000;
/** Raised when the conversion of a folder changes. */
const VERSION = 1;

export interface FolderLayer {
  readonly path: string;
  readonly bytes: number;
}

export interface LayerFolder {
  readonly folder: string;
  /** The container may write to the folder: its layer belongs to this holder alone, and is made anew each time. */
  readonly isOwn: boolean;
}

export class FolderLayers {
  readonly dir: string;
  readonly #log: Pick<Log, 'warn'>;
  readonly #reserve: Reserve;
  readonly #queue = new KeyedQueue();
  readonly #making = new Set<string>();
  /** By holder, the paths of the layers that it uses. */
  readonly #held = new Map<string, Set<string>>();

  constructor(dir: string, log: Pick<Log, 'warn'>, reserve: Reserve = noReserve) {
    this.dir = dir;
    this.#log = log;
    this.#reserve = reserve;
  }

  /**
   * Resolves with the folders' layers, in the folders' order, and makes missing ones. The holder keeps them until release(). Rejects with
   * ERR_IMAGE_NOT_FOUND, _CORRUPT, _NOSPACE, _TIMEOUT, with ERR_DISK_RESERVE, and with _ABORTED when the signal aborts.
   */
  async take(
    holder: string,
    folders: readonly LayerFolder[],
    signal: AbortSignal,
  ): Promise<FolderLayer[]> {
    await mkdir(this.dir, { recursive: true, mode: 0o700 });
    const layers: FolderLayer[] = [];
    for (const [index, { folder, isOwn }] of folders.entries()) {
      const own = join(this.dir, `own-${holder}-${index}.erofs`);
      layers.push(
        isOwn
          ? await this.#make(folder, this.#hold(holder, own), signal)
          : await this.#ensure(holder, folder, signal),
      );
    }
    return layers;
  }

  /** Takes over the layers of a holder of an earlier thawd. */
  adopt(holder: string, paths: readonly string[]): void {
    for (const path of paths) this.#hold(holder, path);
  }

  /** Removes the holder's own layers. Layers of folders that do not change stay for later holders. Idempotent. */
  async release(holder: string): Promise<void> {
    const paths = [...(this.#held.get(holder) ?? [])];
    this.#held.delete(holder);
    for (const path of paths)
      if (path.startsWith(join(this.dir, `own-${holder}-`))) await rm(path, { force: true });
  }

  /**
   * Removes layers without a holder that no later holder can use: layers of removed or replaced folders, own layers, and unfinished files. With
   * `all`, removes every layer without a holder. Never rejects; failures are logged.
   */
  async prune(all = false): Promise<void> {
    const wrong = (error: unknown): void => {
      this.#log.warn(`Cannot tidy ${this.dir}`, { error });
    };
    const files = await readdir(this.dir).catch(() => []);
    if (files.length > 0) await removeTemporaries(this.dir).catch(wrong);
    for (const file of files.filter((name) => /\.(erofs|part)$/.test(name)))
      await this.#pruneOne(file, all).catch(wrong);
    for (const file of files) await this.#pruneNote(file).catch(wrong);
  }

  /** Resolves with the number of layers and of held layers (`active`), and with the bytes of both on disk. */
  async usage(): Promise<{ total: number; active: number; bytes: number; usedBytes: number }> {
    const files = await readdir(this.dir).catch(() => []);
    const sum = { total: 0, active: 0, bytes: 0, usedBytes: 0 };
    for (const file of files.filter((name) => name.endsWith('.erofs'))) {
      const path = join(this.dir, file);
      const bytes = await stat(path).then(
        ({ blocks }) => blocks * 512,
        () => undefined,
      );
      if (bytes === undefined) continue; // It was removed meanwhile.
      const isUsed = this.#isHeld(path);
      sum.total++;
      sum.bytes += bytes;
      sum.active += isUsed ? 1 : 0;
      sum.usedBytes += isUsed ? bytes : 0;
    }
    return sum;
  }

  #isHeld(path: string): boolean {
    return [...this.#held.values()].some((paths) => paths.has(path));
  }

  async #pruneOne(file: string, all: boolean): Promise<void> {
    const path = join(this.dir, file);
    const key = /^([0-9a-f]{64})\.erofs$/.exec(file)?.[1];
    const isWanted = !all && key !== undefined && (await this.#sourceKey(key)) === key;
    if (this.#isHeld(path) || isWanted || this.#making.has(path)) return;
    if (key === undefined) return rm(path, { force: true });
    // Synchronously, so that no other call finds the layer between the check above and its removal.
    const going = join(this.dir, `${randomUUID()}.part`);
    rmSync(this.#note(key), { force: true });
    renameSync(path, going);
    await rm(going, { force: true });
  }

  /** Removes a note without a layer. A layer under construction has no note yet: the note is written after the layer. */
  async #pruneNote(file: string): Promise<void> {
    const key = /^([0-9a-f]{64})\.json$/.exec(file)?.[1];
    if (key === undefined) return;
    const isThere = await stat(join(this.dir, `${key}.erofs`)).then(
      () => true,
      () => false,
    );
    if (!isThere) await rm(this.#note(key), { force: true });
  }

  #hold(holder: string, path: string): string {
    const paths = this.#held.get(holder) ?? new Set();
    this.#held.set(holder, paths.add(path));
    return path;
  }

  async #ensure(holder: string, folder: string, signal: AbortSignal): Promise<FolderLayer> {
    const key = await keyOf(folder);
    const path = this.#hold(holder, join(this.dir, `${key}.erofs`));
    return this.#queue.run(key, async () => {
      if (signal.aborted)
        throw new ImageError(
          'ERR_IMAGE_ABORTED',
          `No caller waits for a layer of ${folder} any more`,
          {
            cause: signal.reason,
          },
        );
      const there = await this.#find(key);
      if (there) return there;
      await this.prune();
      const layer = await this.#make(folder, path, signal);
      if ((await keyOf(folder)) !== key)
        throw new ImageError('ERR_IMAGE_CORRUPT', `${folder} was changed meanwhile; try again`);
      await writeAtomic(this.#note(key), JSON.stringify({ folder }));
      return layer;
    });
  }

  #note(key: string): string {
    return join(this.dir, `${key}.json`);
  }

  /** Resolves with the layer, or undefined. A layer with a note is complete, since the note is written last. */
  async #find(key: string): Promise<FolderLayer | undefined> {
    if ((await this.#folderOf(key)) === undefined) return undefined;
    const path = join(this.dir, `${key}.erofs`);
    return stat(path).then(
      ({ size }) => ({ path, bytes: size }),
      () => undefined,
    );
  }

  async #folderOf(key: string): Promise<string | undefined> {
    try {
      return (JSON.parse(await readFile(this.#note(key), 'utf8')) as { folder: string }).folder;
    } catch {
      return undefined;
    }
  }

  async #sourceKey(key: string): Promise<string | undefined> {
    const folder = await this.#folderOf(key);
    return folder === undefined ? undefined : keyOf(folder).catch(() => undefined);
  }

  #make(folder: string, path: string, signal: AbortSignal): Promise<FolderLayer> {
    return this.#reserve.guarding(this.dir, `make a layer of ${folder}`, signal, (whileRoom) =>
      this.#convert(folder, path, whileRoom),
    );
  }

  async #convert(folder: string, path: string, signal: AbortSignal): Promise<FolderLayer> {
    const part = join(this.dir, `${randomUUID()}.part`);
    this.#making.add(part);
    try {
      const options = { signal, timeoutMs: TIMEOUT_MS, tmpDir: this.dir };
      const files = { writes: part, reads: folder };
      await runWalled('mkfs.erofs', [...REPRODUCIBLE, FILE, folder], files, options);
      const bytes = await flush(part);
      await rename(part, path);
      return { path, bytes };
    } catch (error) {
      throw await explain(error, folder, this.dir);
    } finally {
      await rm(part, { force: true });
      this.#making.delete(part);
    }
  }
}

/** Resolves with a key that changes when a container engine replaces the folder: engines never change one. Rejects with ERR_IMAGE_NOT_FOUND. */
async function keyOf(folder: string): Promise<string> {
  try {
    const { dev, ino, birthtimeNs, ctimeNs } = await stat(folder, { bigint: true });
    const text = [VERSION, folder, dev, ino, birthtimeNs, ctimeNs].join('\0');
    return createHash('sha256').update(text).digest('hex');
  } catch (cause) {
    const message = `Cannot look at ${folder}, a layer of the root filesystem`;
    throw new ImageError('ERR_IMAGE_NOT_FOUND', message, { cause });
  }
}

async function explain(error: unknown, folder: string, dir: string): Promise<unknown> {
  if (error instanceof ImageError) return error;
  if (await ranOutOfSpace(error, dir))
    return new ImageError(
      'ERR_IMAGE_NOSPACE',
      `No room in ${dir} for a layer of ${folder}: make some, or leave the root filesystem to 9pfs`,
      { cause: error },
    );
  const why = error instanceof ToolFailure ? complaintOf(error) : errorMessage(error);
  const message = `Cannot make a layer of ${folder}: ${why}`;
  return new ImageError('ERR_IMAGE_CORRUPT', message, { cause: error });
}
