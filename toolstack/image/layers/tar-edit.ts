// SPDX-License-Identifier: Apache-2.0
// Edits a layer's tar on its way from the decompressor to mkfs.erofs. tar-stream parses it, checkHeaders() refuses what mkfs.erofs would read
// differently, LayerRules decides on each entry, and the original bytes pass through, with single entries cut or inserted. Bytes wait until their
// entry is decided, at most 16 MiB.
import { extract, pack, type ExtractEvents, type Header } from 'tar-stream';
import { formatBytes } from '../../base/text.js';
import { ImageError } from '../errors.js';
import type { LayerLimits, LayerRules, NewEntry } from './rules.js';
import { checkHeaders } from './tar-strict.js';

const BLOCK = 512;
const END_OF_ARCHIVE = 2 * BLOCK;
/** tar-stream takes extended headers of up to 4 MiB, and there may be three before an entry. */
const HELD_MAX = 16 * 1024 * 1024;
const CAPTURE_MAX = 1024 * 1024;

type EntryStream = ExtractEvents['entry'][1];

interface Edit {
  readonly at: number;
  /** Drops input before this offset. */
  readonly cutTo: number;
  readonly insert: readonly NewEntry[];
}

export class TarEditor {
  readonly #extract = extract({ highWaterMark: 0 });
  readonly #rules: LayerRules;
  readonly #limits: LayerLimits;
  readonly #edits: Edit[] = [];
  readonly #held: Buffer[] = [];
  /** Input offsets: received, passed on, end of the last decided entry, end of its data, end of the part to cut. */
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
      // The parser repeats its own error here; its handler reports it.
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

  /** Takes the next piece of the tar, and resolves with the bytes to pass on. Rejects with LayerRules' errors, and with ERR_IMAGE_CORRUPT. */
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
   * Ends the tar, and resolves with its last bytes. Adds the last entry's padding and the end mark where they are missing: umoci's `insert` writes
   * neither. Go's reader accepts that, but mkfs.erofs would spin for ever.
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

  /** Stops before the tar's end. */
  destroy(): void {
    this.#extract.destroy();
  }

  /** Runs an action on the parser. Waits until the parser has taken all input when the action returns true. */
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
    checkHeaders(this.#heldBytes(start, dataStart), header);
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

  /** Returns input that has not been passed on yet. */
  #heldBytes(from: number, to: number): Buffer {
    const parts: Buffer[] = [];
    let at = this.#released;
    for (const part of this.#held) {
      if (at >= to) break;
      parts.push(part.subarray(Math.max(0, from - at), to - at));
      at += part.length;
    }
    return parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
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

  /** Moves held input up to the offset `until` to `out`, without the parts to cut. */
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

/** Resolves with entries without content in tar's format, without the archive's end mark. */
async function encodeEntries(headers: readonly NewEntry[]): Promise<Buffer> {
  const archive = pack();
  for (const header of headers) archive.entry(header, '');
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).subarray(0, -END_OF_ARCHIVE);
}
