// SPDX-License-Identifier: Apache-2.0
// A template, and its folder on disk with the trimmed stream and a description that holds the checksum.

import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { defined } from '../../base/defined.js';
import { ThawError } from '../../base/errors.js';
import { writeAtomic } from '../../base/files.js';
import { loadStream } from './boot.js';
import { loadKept, storeKept, type Kept, type StoredKept } from './preconnected.js';
import { closeFd } from './memfd.js';
import type { Shape } from './shape.js';

/** Only for a template of a running container: things that its clones have from their first instruction on. */
export interface Running {
  /** EROFS files that the domain has as disks, in order. */
  disks: string[];
  /** Number of vCPUs online. */
  vcpus: number;
  /** The writable layer at that time, the last disk; each clone gets a copy. */
  upper?: { path: string; bytes: number };
  /** The fid snapshot: the shared files that the guest had open. Missing where it had none. */
  stash?: string;
  /** The guest's name for its first interface, where it is not thaw's name. */
  interface?: string;
}

export interface Template {
  key: string;
  shape: Shape;
  running?: Running;
  /** A memfd with the stream; lives as long as the template. Read it through reopenFd(). */
  fd: number;
  /** True once the template is removed and its descriptor may be another file's: no clone may be made. */
  isGone?: boolean;
  bytes: number;
  dataPages: number;
  memTotalKib: number;
  /** Devices that a clone finds connected; otherwise it looks for them in xenstore. */
  kept?: Kept;
}

type Description = Omit<Template, 'fd' | 'kept'> & {
  sha256: string;
  kept?: StoredKept;
};

/** Writes the template's folder whole or not at all. */
export async function saveTemplate(folder: string, template: Template): Promise<void> {
  const temporary = `${folder}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true, mode: 0o700 });
  try {
    const hash = createHash('sha256');
    const from = createReadStream(`/proc/self/fd/${template.fd}`, { highWaterMark: 1 << 20 });
    from.on('data', (chunk) => hash.update(chunk));
    await pipeline(from, createWriteStream(join(temporary, STREAM), { mode: 0o600, flush: true }));
    const { key, shape, running, kept, bytes, dataPages, memTotalKib } = template;
    const description: Description = {
      key,
      shape,
      ...defined({ running }),
      ...(kept ? { kept: storeKept(kept) } : {}),
      bytes,
      dataPages,
      memTotalKib,
      sha256: hash.digest('hex'),
    };
    await writeAtomic(join(temporary, DESCRIPTION), `${JSON.stringify(description, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    throw error;
  }
}

const STREAM = 'stream';
const DESCRIPTION = 'template.json';

/**
 * Loads a template from its folder into memory. Undefined when there is none.
 * Rejects with ERR_TEMPLATE_DAMAGED when the checksum or the description is wrong.
 */
export async function loadTemplate(folder: string): Promise<Template | undefined> {
  const text = await readFile(join(folder, DESCRIPTION), 'utf8').catch(ifMissing);
  if (text === undefined) return undefined;
  const description = parseDescription(folder, text);
  const hash = createHash('sha256');
  const fd = await loadStream(join(folder, STREAM), (chunk) => hash.update(chunk)).catch(ifMissing);
  if (fd === undefined || hash.digest('hex') !== description.sha256) {
    if (fd !== undefined) closeFd(fd);
    throw new ThawError(
      'ERR_TEMPLATE_DAMAGED',
      `Template ${folder} is damaged: its checksum is wrong`,
    );
  }
  const { key, shape, running, bytes, dataPages, memTotalKib } = description;
  const kept = loadKept(description.kept);
  return {
    key,
    shape,
    ...defined({ running, kept }),
    bytes,
    dataPages,
    memTotalKib,
    fd,
  };
}

/** Returns the shape of a stored template; undefined where its description is missing or damaged. */
export async function storedShape(folder: string): Promise<Shape | undefined> {
  try {
    return parseDescription(folder, await readFile(join(folder, DESCRIPTION), 'utf8')).shape;
  } catch {
    return undefined;
  }
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

function parseDescription(folder: string, text: string): Description {
  try {
    const parsed = JSON.parse(text) as Description;
    if (typeof parsed.sha256 === 'string' && typeof parsed.memTotalKib === 'number') return parsed;
  } catch {
    // The answer is the same as for an incomplete description.
  }
  throw new ThawError(
    'ERR_TEMPLATE_DAMAGED',
    `Template ${folder} is damaged: its description cannot be read`,
  );
}
