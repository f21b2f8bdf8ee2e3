// SPDX-License-Identifier: Apache-2.0
// Packs files of the host into a tar stream for a guest. The client may read all of them, but another guest may share their directory
// and change it meanwhile. So the walk goes by descriptors, and follows only the link that the client named.

import { constants, type Stats } from 'node:fs';
import { lstat, open, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { pack, type Header, type Pack } from 'tar-stream';
import { CopyError } from './errors.js';
import { HeldFolder } from './held-folder.js';

const { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** The first component of each path in the stream. */
export const PACKED = 'packed';

/**
 * Writes an archive of `path` and what is below it into `sink`, and ends that. A link that was named means what it leads to; those below are
 * themselves. Sockets are left out. Rejects with ERR_COPY naming what cannot be read, or with the sink's error.
 */
export async function packLocal(path: string, sink: Writable, signal: AbortSignal): Promise<void> {
  const archive = pack();
  const sent = pipeline(archive, sink, { signal });
  const added = addTree(archive, path).then(() => archive.finalize());
  // Either side may fail while the other waits, and the other may then never end.
  for (const part of [sent, added]) part.catch(() => undefined);
  try {
    await Promise.race([added, sent]);
  } catch (error) {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
    // A failed sink is also the reason why no more could be added.
    await sent;
    throw error;
  }
  await sent;
}

/** A file of the host: the path for its contents, link and status, and the client's name for it. */
interface Source {
  /** Looked up in an open directory, except for the file that the client named. */
  at: string;
  shown: string;
  /** The open directory, where the file is one. */
  hold: () => Promise<HeldFolder>;
  /** Links are followed: the client named this file. */
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

/** Does not follow a file that became a link meanwhile. */
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

/** Reads as many bytes as the size tells, though the file may grow meanwhile. A file that shrinks is an error. */
async function addFile(archive: Pack, from: Source, header: NewHeader): Promise<void> {
  const { size = 0 } = header;
  if (size === 0) return add(archive, header);
  // A file that became a pipe must not block.
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
