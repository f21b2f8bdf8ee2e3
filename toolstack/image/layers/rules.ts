// SPDX-License-Identifier: Apache-2.0
// Checks the entries of a layer's tar one by one, and decides on changes to the tar for mkfs.erofs. Collects /etc/passwd and /etc/group, folders
// with attributes of their own, and folders without an entry.
import type { Header } from 'tar-stream';
import { defined } from '../../base/defined.js';
import { ImageError, quoteUntrusted } from '../errors.js';
import { baseOf, entryPath, joinPath, parentOf } from './tar-path.js';

export interface LayerLimits {
  /** The most bytes of the unpacked tar. */
  readonly bytes: number;
  readonly entries: number;
}
export const DEFAULT_LIMITS: LayerLimits = { bytes: 64 * 1024 ** 3, entries: 1_000_000 };

/** [mode, uid, gid] of a folder. */
export type DirAttributes = readonly [number, number, number];

/** Facts about a layer, stored next to its EROFS. */
export interface LayerFacts {
  readonly entries: number;
  /** Folders with entries in them but without their own entry: their attributes come from the layers below, or are defaults. */
  readonly implied: readonly string[];
  /** Folders whose attributes differ from root's with mode 0755. */
  readonly specialDirs: Readonly<Record<string, DirAttributes>>;
  /** True when the layer hides all layers below. */
  readonly hidesAll: boolean;
  /** The file's text; null: the layer removes the file; absent: the layer does not touch it. */
  readonly passwd?: string | null;
  readonly group?: string | null;
}

/** An entry without content that is inserted into the tar. */
export type NewEntry = Pick<Header, 'name' | 'type' | 'mode' | 'uid' | 'gid' | 'size' | 'mtime'>;

/** The changes to the tar at one entry. */
export interface Verdict {
  readonly drop: boolean;
  readonly before: readonly NewEntry[];
  readonly after: readonly NewEntry[];
}

const KEEP: Verdict = { drop: false, before: [], after: [] };
const DROP: Verdict = { drop: true, before: [], after: [] };
const OPAQUE = '.wh..wh..opq';
const ACCOUNTS_MAX = 256 * 1024;

export class LayerRules {
  readonly #seen = new Map<string, 'directory' | 'other'>([['', 'directory']]);
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  readonly #implied: string[] = [];
  readonly #specialDirs: Record<string, DirAttributes> = {};
  /** Contents of account files, by path. Includes `passwd-` and similar files: passwd and group may be hard links to them. */
  readonly #texts = new Map<string, string>();
  readonly #links = new Map<string, string>();
  readonly #limits: LayerLimits;
  readonly #lower: ReadonlyMap<string, DirAttributes>;
  #entries = 0;
  #hasRoot = false;

  constructor(limits: LayerLimits, lower: ReadonlyMap<string, DirAttributes>) {
    this.#limits = limits;
    this.#lower = lower;
  }

  /** Returns the changes at the next entry. Throws ERR_IMAGE_UNSAFE or ERR_IMAGE_UNSUPPORTED. */
  judge(header: Header): Verdict {
    if (++this.#entries > this.#limits.entries) {
      throw new ImageError(
        'ERR_IMAGE_UNSAFE',
        `More than ${this.#limits.entries} entries: split the layer`,
      );
    }
    const path = entryPath(header.name);
    const base = baseOf(path);
    // Internal files of aufs, which no other program uses.
    if (path.split('/').some((part) => part.startsWith('.wh..wh.') && part !== OPAQUE)) return DROP;
    const before = this.#parents(path);
    if (path === '') return this.#root(header);
    if (base === OPAQUE) {
      this.#opaque.add(parentOf(path));
      // overlayfs always merges the roots, and mkfs.erofs 1.8 fails on an opaque root: the pull leaves out the layers below (hidesAll).
      return parentOf(path) === '' ? DROP : { ...KEEP, before };
    }
    if (base.startsWith('.wh.'))
      return { ...this.#whiteout(joinPath(parentOf(path), base.slice(4))), before };
    checkType(header);
    this.#links.delete(path);
    if (header.type === 'link') this.#hardLink(path, header);
    const isDirectory = header.type === 'directory';
    this.#seen.set(path, isDirectory ? 'directory' : 'other');
    if (!isDirectory) this.#texts.delete(path);
    if (isDirectory) this.#noteAttributes(path, header);
    // The folder replaces the one below together with its contents.
    const after = isDirectory && this.#whiteouts.has(path) ? [opaqueEntry(path)] : [];
    return { drop: false, before, after };
  }

  /** True when content() needs the content of this entry, a regular file. */
  wants(header: Header): boolean {
    return header.type === 'file' && /^etc\/(passwd|group)[^/]*$/.test(entryPath(header.name));
  }

  /** Takes an account file's content, or its first bytes. */
  content(header: Header, bytes: Buffer): void {
    const whole = bytes.length <= ACCOUNTS_MAX;
    const text = bytes.subarray(0, ACCOUNTS_MAX).toString('utf8');
    this.#texts.set(
      entryPath(header.name),
      whole ? text : text.slice(0, text.lastIndexOf('\n') + 1),
    );
  }

  facts(): LayerFacts {
    const passwd = this.#account('etc/passwd');
    const group = this.#account('etc/group');
    return {
      entries: this.#entries,
      implied: this.#implied,
      specialDirs: this.#specialDirs,
      hidesAll: this.#opaque.has(''),
      ...defined({ passwd, group }),
    };
  }

  #root(header: Header): Verdict {
    if (header.type !== 'directory') {
      throw new ImageError(
        'ERR_IMAGE_UNSAFE',
        `Entry ${quoteUntrusted(header.name)} would replace the root folder`,
      );
    }
    return KEEP;
  }

  /** Returns entries for the parent folders of `path` that had no entry yet. mkfs.erofs would make them with mode 0777. */
  #parents(path: string): NewEntry[] {
    const made: NewEntry[] = [];
    if (!this.#hasRoot) {
      this.#hasRoot = true;
      if (path !== '') made.push(directoryEntry('.', [0o755, 0, 0]));
    }
    const missing: string[] = [];
    let parent = path === '' ? '' : parentOf(path);
    while (!this.#seen.has(parent)) {
      missing.push(parent);
      parent = parentOf(parent);
    }
    if (this.#seen.get(parent) !== 'directory') {
      throw new ImageError(
        'ERR_IMAGE_UNSAFE',
        `Entry ${quoteUntrusted(path)} lies below ${quoteUntrusted(parent)}, which is not a folder: rebuild the image without it`,
      );
    }
    for (const dir of missing.reverse()) {
      if (dir.includes('\ufffd')) {
        throw new ImageError(
          'ERR_IMAGE_UNSUPPORTED',
          `No entry for the folder ${quoteUntrusted(dir)}, whose name is not UTF-8`,
        );
      }
      this.#seen.set(dir, 'directory');
      this.#implied.push(dir);
      made.push(directoryEntry(dir, this.#lower.get(dir) ?? [0o755, 0, 0]));
      if (this.#whiteouts.has(dir)) made.push(opaqueEntry(dir));
    }
    return made;
  }

  /** A whiteout hides files of lower layers, and never a file of its own layer, in any order of entries. mkfs.erofs would take the last entry. */
  #whiteout(target: string): Verdict {
    if (baseOf(target) === '')
      throw new ImageError(
        'ERR_IMAGE_UNSAFE',
        `Whiteout in ${quoteUntrusted(parentOf(target))} names nothing`,
      );
    this.#whiteouts.add(target);
    const kind = this.#seen.get(target);
    if (kind === undefined) return KEEP;
    return kind === 'directory' ? { ...DROP, after: [opaqueEntry(target)] } : DROP;
  }

  #hardLink(path: string, header: Header): void {
    const target = entryPath(header.linkname, `Target of the hard link ${quoteUntrusted(path)}`);
    if (this.#seen.get(target) !== 'other') {
      throw new ImageError(
        'ERR_IMAGE_UNSUPPORTED',
        `Hard link ${quoteUntrusted(path)} points to ${quoteUntrusted(target)}, which is no file of this layer: build the layer with a copy`,
      );
    }
    if (path.startsWith('etc/')) this.#links.set(path, target);
  }

  #noteAttributes(path: string, header: Header): void {
    const attributes: DirAttributes = [header.mode & 0o7777, header.uid, header.gid];
    if (attributes[0] !== 0o755 || attributes[1] !== 0 || attributes[2] !== 0)
      this.#specialDirs[path] = attributes;
  }

  #account(path: string): string | null | undefined {
    if (this.#seen.get('etc') === 'other') return null;
    if (this.#seen.has(path)) return this.#texts.get(this.#links.get(path) ?? path) ?? null;
    const hidden =
      this.#whiteouts.has(path) ||
      this.#whiteouts.has('etc') ||
      this.#opaque.has('etc') ||
      this.#opaque.has('');
    return hidden ? null : undefined;
  }
}

function checkType(header: Header): void {
  const pax = header.pax as Readonly<Record<string, string>> | null | undefined;
  if (pax?.['GNU.sparse.major'] !== undefined) unsupported(header, 'is a sparse file');
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
    case 'directory':
    case 'link':
    case 'symlink':
    case 'fifo':
      return;
    case 'character-device':
    case 'block-device':
      throw new ImageError(
        'ERR_IMAGE_UNSAFE',
        `Entry ${quoteUntrusted(header.name)} is a device node: device nodes are made inside the guest, ` +
          'remove them from the layer when the image is built (rm -rf ROOTFS/dev/*)',
      );
    // tar-stream gives an unknown type as null, although its typings exclude that.
    default:
      unsupported(header, 'has a type that tar archives of images do not use');
  }
}

function unsupported(header: Header, why: string): never {
  throw new ImageError(
    'ERR_IMAGE_UNSUPPORTED',
    `Entry ${quoteUntrusted(header.name)} ${why}: build the layer without it`,
  );
}

function directoryEntry(path: string, [mode, uid, gid]: DirAttributes): NewEntry {
  return { name: `${path}/`, type: 'directory', mode, uid, gid, size: 0, mtime: new Date(0) };
}

function opaqueEntry(dir: string): NewEntry {
  return {
    name: joinPath(dir, OPAQUE),
    type: 'file',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size: 0,
    mtime: new Date(0),
  };
}
