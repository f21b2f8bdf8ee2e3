// SPDX-License-Identifier: Apache-2.0
// How a layer's tar passes from its decompressor to mkfs.erofs: read by tar-stream, judged by LayerRules, and handed on in its own
// bytes with single entries cut out or put in. Bytes are held back until the entry they belong to is judged, at most 16 MiB.
import { extract, pack, type ExtractEvents, type Header } from 'tar-stream';
import { formatBytes } from '../../base/text.js';
import { ImageError } from '../errors.js';
import type { LayerLimits, LayerRules, NewEntry } from './rules.js';

const BLOCK = 512;
const END_OF_ARCHIVE = 2 * BLOCK;
/** tar-stream takes extended headers of up to 4 MiB, and there may be three before an entry. */
const HELD_MAX = 16 * 1024 * 1024;
const CAPTURE_MAX = 1024 * 1024;

type EntryStream = ExtractEvents['entry'][1];

interface Edit {
  readonly at: number;
  /** Input before this offset is left out. */
  readonly cutTo: number;
  readonly insert: readonly NewEntry[];
}

export class TarEditor {
  readonly #extract = extract({ highWaterMark: 0 });
  readonly #rules: LayerRules;
  readonly #limits: LayerLimits;
  readonly #edits: Edit[] = [];
  readonly #held: Buffer[] = [];
  /** Input offsets: all that came, all that was handed on, the end of the last judged entry, the end of what is cut. */
  #fed = 0;
  #released = 0;
  #boundary = 0;
  #dataEnd = 0;
  #skipTo = 0;
  #failure: unknown;
  #wake: (() => void) | undefined;
  #isFinished = false;

  constructor(rules: LayerRules, limits: LayerLimits) {
    this.#rules = rules;
    this.#limits = limits;
    this.#extract.on('entry', (header, stream, next) => {
      // The archive's own error comes here too, and is heard there.
      stream.on('error', () => undefined);
      try {
        this.#onEntry(header, stream);
      } catch (error) {
        this.#fail(error);
        stream.resume();
      }
      next();
    });
    this.#extract.on('drain', () => this.#wake?.());
    this.#extract.on('finish', () => {
      this.#isFinished = true;
      this.#wake?.();
    });
    this.#extract.on('error', (error: Error) => {
      this.#fail(
        new ImageError('ERR_IMAGE_CORRUPT', `Layer is not a sound tar archive: ${error.message}`, {
          cause: error,
        }),
      );
    });
    this.#extract.on('close', () => this.#wake?.());
  }

  /** Takes the next piece of the tar, returns what may go on. Throws what LayerRules throws, and ERR_IMAGE_CORRUPT. */
  async push(chunk: Buffer): Promise<Buffer[]> {
    this.#fed += chunk.length;
    if (this.#fed > this.#limits.bytes) {
      throw new ImageError(
        'ERR_IMAGE_UNSAFE',
        `Layer unpacks to more than ${formatBytes(this.#limits.bytes)}: split it`,
      );
    }
    this.#held.push(chunk);
    await this.#step(() => !this.#extract.write(chunk));
    const out = await this.#release(Math.min(this.#boundary, this.#fed));
    if (this.#fed - this.#released > HELD_MAX) {
      throw new ImageError(
        'ERR_IMAGE_CORRUPT',
        `Layer has more than ${formatBytes(HELD_MAX)} between two entries`,
      );
    }
    return out;
  }

  /**
   * Ends the tar, returns its rest. umoci's `insert` writes neither the last entry's padding nor the end mark, which Go's reader
   * forgives and mkfs.erofs answers by spinning for ever: both are added here.
   */
  async end(): Promise<Buffer[]> {
    const out: Buffer[] = [];
    const missing = this.#boundary - this.#fed;
    if (missing > 0 && this.#fed >= this.#dataEnd)
      out.push(...(await this.push(Buffer.alloc(missing))));
    await this.#step(() => {
      this.#extract.end(undefined);
      return !this.#isFinished;
    });
    return [...out, ...(await this.#release(this.#fed)), Buffer.alloc(END_OF_ARCHIVE)];
  }

  /** Stops in the middle. */
  destroy(): void {
    this.#extract.destroy();
  }

  /** Runs an action on the parser and, where the action says so, waits until the parser has taken all of it. */
  async #step(action: () => boolean): Promise<void> {
    const taken = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    if (this.#failure === undefined && action()) await taken;
    this.#wake = undefined;
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#extract.destroy();
    this.#wake?.();
  }

  #onEntry(header: Header, stream: EntryStream): void {
    if (this.#failure !== undefined) {
      stream.resume();
      return;
    }
    const start = this.#boundary;
    const dataStart = (header as Header & { byteOffset: number }).byteOffset;
    const size = header.type === 'directory' ? 0 : header.size;
    this.#dataEnd = dataStart + size;
    const end = dataStart + Math.ceil(size / BLOCK) * BLOCK;
    const { drop, before, after } = this.#rules.judge(header);
    if (before.length > 0) this.#edits.push({ at: start, cutTo: 0, insert: before });
    if (drop) this.#edits.push({ at: start, cutTo: end, insert: [] });
    if (after.length > 0) this.#edits.push({ at: end, cutTo: 0, insert: after });
    this.#boundary = end;
    if (!drop && this.#rules.wants(header)) this.#capture(header, stream);
    else stream.resume();
  }

  #capture(header: Header, stream: EntryStream): void {
    const chunks: Buffer[] = [];
    let bytes = 0;
    stream.on('data', (data: unknown) => {
      const chunk = data as Buffer;
      if (bytes < CAPTURE_MAX) chunks.push(Buffer.from(chunk));
      bytes += chunk.length;
    });
    stream.on('end', () => this.#rules.content(header, Buffer.concat(chunks)));
  }

  async #release(limit: number): Promise<Buffer[]> {
    const out: Buffer[] = [];
    for (;;) {
      const edit = this.#edits[0];
      const isDue = edit !== undefined && edit.at <= limit;
      this.#take(isDue ? edit.at : limit, out);
      if (!isDue) return out;
      this.#edits.shift();
      if (edit.insert.length > 0) out.push(await encodeEntries(edit.insert));
      this.#skipTo = Math.max(this.#skipTo, edit.cutTo);
    }
  }

  /** Moves held input up to the offset `until` to `out`, less what is cut. */
  #take(until: number, out: Buffer[]): void {
    while (this.#released < until) {
      const head = this.#held[0];
      if (head === undefined) return;
      const part = head.subarray(0, until - this.#released);
      if (part.length === head.length) this.#held.shift();
      else this.#held[0] = head.subarray(part.length);
      const skipped = Math.min(Math.max(this.#skipTo - this.#released, 0), part.length);
      if (skipped < part.length) out.push(part.subarray(skipped));
      this.#released += part.length;
    }
  }
}

/** Entries without content in tar's form, without the archive's end. */
async function encodeEntries(headers: readonly NewEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const header of headers) archive.entry(header, '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).subarray(0, -END_OF_ARCHIVE);
}
