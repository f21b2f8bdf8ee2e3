// SPDX-License-Identifier: Apache-2.0
// How files of the host become a tar stream for a guest. Whoever asks may read them all; but another guest may have the folder that they are
// in, and change it meanwhile: so it is walked by descriptors, and no link is followed but the one that was named.

import { constants, type Stats } from 'node:fs';
import { lstat, open, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { pack, type Header, type Pack } from 'tar-stream';
import { CopyError } from './errors.js';
import { HeldFolder } from './held-folder.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** What the first component of each path in the stream is, whatever is packed. */
export const PACKED = 'packed';

/**
 * Writes an archive of `path` and what is below it into `sink`, and ends that. A link that was named means what it leads to; those below are
 * themselves. Sockets are left out. Rejects with ERR_COPY naming what cannot be read, or with the sink's error.
 */
export async function packLocal(path: string, sink: Writable, signal: AbortSignal): Promise<void> {
  const archive = pack();
  const sent = pipeline(archive, sink, { signal });
  const added = addTree(archive, path).then(() => archive.finalize());
  // Each may fail while the other is waited for, and then the other may never end.
  for (const part of [sent, added]) part.catch(() => undefined);
  try {
    await Promise.race([added, sent]);
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    // Where the sink failed, that is why nothing more could be added.
    await sent;
    throw error;
  }
  await sent;
}

/** A file of the host: where its bytes, its link and its status are to be had, and what its user calls it. */
interface Source {
  /** Looked up in a folder that is held, but for the one that was named. */
  at: string;
  shown: string;
  /** The folder itself, once it is known to be one. */
  hold: () => Promise<HeldFolder>;
  /** Links count: it is the one that was named. */
  follows: boolean;
}

async function addTree(archive: Pack, path: string): Promise<void> {
  const links = new Map<string, string>();
  const visit = async (from: Source, name: string, info: Stats): Promise<void> => {
    const header = headerOf(name, info);
    if (info.isDirectory()) {
      await add(archive, { ...header, type: 'directory' });
      const folder = await named(from, from.hold());
      try {
        for (const child of (await named(from, folder.names())).sort()) {
          const source = below(folder, from, child);
          const status = await lstat(source.at).catch(ifGone);
          if (status) await visit(source, `${name}/${child}`, status);
        }
      } finally {
        await folder.close();
      }
      return;
    }
    const key = `${info.dev}:${info.ino}`;
    const first = links.get(key);
    if (info.nlink > 1 && first === undefined) links.set(key, name);
    if (first !== undefined) await add(archive, { ...header, type: 'link', linkname: first });
    else if (info.isSymbolicLink())
      await add(archive, {
        ...header,
        type: 'symlink',
        linkname: await named(from, readlink(from.at)),
      });
    else if (info.isFile()) await addFile(archive, from, { ...header, size: info.size });
    else if (info.isFIFO()) await add(archive, { ...header, type: 'fifo' });
    else if (info.isCharacterDevice() || info.isBlockDevice())
      await add(archive, {
        ...header,
        type: info.isBlockDevice() ? 'block-device' : 'character-device',
        devmajor: Math.floor(info.rdev / 256) % 4096,
        devminor: (info.rdev % 256) + Math.floor(info.rdev / 2 ** 20) * 256,
      });
  };
  const root = { at: path, shown: path, hold: () => HeldFolder.open(path), follows: true };
  await visit(root, PACKED, await named(root, stat(path)));
}

/** What becomes a link meanwhile is not followed. */
function below(folder: HeldFolder, above: Source, child: string): Source {
  return {
    at: folder.at(child),
    shown: join(above.shown, child),
    hold: () => folder.child(child),
    follows: false,
  };
}

type NewHeader = Partial<Header> & { name: string };

function headerOf(name: string, { mode, uid, gid, mtime }: Stats): NewHeader {
  return { name, mode: mode & 0o7777, uid, gid, mtime };
}

function add(archive: Pack, header: NewHeader): Promise<void> {
  return new Promise((resolve, reject) => {
    archive.entry(header, '', (error) => (error ? reject(error) : resolve()));
  });
}

/** As long as its size says, though it may grow meanwhile; one that shrinks is an error. */
async function addFile(archive: Pack, from: Source, header: NewHeader): Promise<void> {
  const { size = 0 } = header;
  if (size === 0) return add(archive, header);
  // What has become a pipe is not waited for.
  const flags = O_RDONLY | O_NONBLOCK | (from.follows ? 0 : O_NOFOLLOW);
  const opened = await named(from, open(from.at, flags));
  const file = opened.createReadStream({ end: size - 1, highWaterMark: 1 << 18 });
  const entry = archive.entry(header);
  const taken = finished(entry);
  taken.catch(() => undefined);
  await named(
    from,
    pipeline(file, entry as unknown as Writable).then(() => taken),
  );
}

function ifGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

async function named<T>({ shown }: Source, step: Promise<T>): Promise<T> {
  try {
    return await step;
  } catch (cause) {
    throw new CopyError(`Cannot read ${shown}`, cause);
  }
}
