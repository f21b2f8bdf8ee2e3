// SPDX-License-Identifier: Apache-2.0
// Converts one layer into an EROFS, in one pass: blob, decompressor, SHA-256 of the tar, TarEditor, mkfs.erofs. mkfs.erofs gets the end of its
// input only after all checks have passed. A failed check kills it.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ImageError } from '../errors.js';
import { LayerRules, type DirAttributes, type LayerFacts, type LayerLimits } from './rules.js';
import { complaintOf, flush, ranOutOfSpace, REPRODUCIBLE } from './mkfs.js';
import { TarEditor } from './tar-edit.js';
import { startWalled, ToolFailure, type ToolOptions } from '../tool.js';
import { FILE } from '../tool-walls.js';

const CHUNK = 128 * 1024;
const TIMEOUT_MS = 2 * 60 * 60 * 1000;

const MKFS_ARGS = [
  '--tar=f',
  '--aufs',
  // Keeps the tar's order; otherwise mkfs.erofs writes all data to a temporary file first.
  '--sort=none',
  ...REPRODUCIBLE,
];

export interface ConvertOptions {
  readonly blob: string;
  /** Digest of the blob, which skopeo has verified. */
  readonly digest: string;
  /** Digest of the tar, from the image's config. */
  readonly diffId: string;
  readonly out: string;
  readonly tmpDir: string;
  readonly limits: LayerLimits;
  /** Attributes of folders in the layers below. */
  readonly lower: ReadonlyMap<string, DirAttributes>;
  readonly signal: AbortSignal;
  /** Called with the bytes of the blob read so far. */
  readonly onRead?: ((bytes: number) => void) | undefined;
}

/** Resolves when `out` is flushed to disk. Rejects with ERR_IMAGE_CORRUPT, _UNSAFE, _UNSUPPORTED, _NOSPACE, …; `out` may be incomplete then. */
export async function convertLayer(options: ConvertOptions): Promise<LayerFacts> {
  const { tmpDir, signal } = options;
  const inner = new AbortController();
  const stop = AbortSignal.any([signal, inner.signal]);
  const toolOptions = { tmpDir, signal: stop, timeoutMs: TIMEOUT_MS };
  const source = await openLayer(options.blob, toolOptions);
  // Both may fail before the awaits below: prevents an unhandled rejection.
  source.done.catch(() => undefined);
  const writes = { writes: options.out };
  const mkfs = await startWalled('mkfs.erofs', [...MKFS_ARGS, FILE], writes, toolOptions).catch(
    async (error: unknown) => {
      inner.abort(error);
      source.stream.destroy();
      await Promise.allSettled([source.done]);
      throw await explain(error, options);
    },
  );
  mkfs.done.catch(() => undefined);
  const rules = new LayerRules(options.limits, options.lower);
  const editor = new TarEditor(rules, options.limits);
  try {
    await feed(source, editor, mkfs.child.stdin, options);
    await source.done;
    mkfs.child.stdin.end();
    await mkfs.done;
    await flush(options.out);
    return rules.facts();
  } catch (error) {
    inner.abort(error);
    editor.destroy();
    source.stream.destroy();
    await Promise.allSettled([mkfs.done, source.done]);
    throw await explain(error, options);
  }
}

/** Passes the tar from the decompressor through the editor to mkfs.erofs, then compares its digest. */
async function feed(
  source: LayerStream,
  editor: TarEditor,
  sink: Writable,
  options: ConvertOptions,
): Promise<void> {
  // Also for an uncompressed blob, which skopeo has verified: other images share the layer, and this image may have taken skopeo over.
  const hash = createHash('sha256');
  const write = writer(sink);
  for await (const chunk of source.stream as AsyncIterable<Buffer>) {
    if (options.signal.aborted)
      throw new ImageError('ERR_IMAGE_ABORTED', 'Conversion was cancelled', {
        cause: options.signal.reason,
      });
    hash.update(chunk);
    options.onRead?.(source.bytesRead());
    for (const part of await editor.push(chunk)) await write(part);
  }
  for (const part of await editor.end()) await write(part);
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== options.diffId) {
    throw new ImageError(
      'ERR_IMAGE_CORRUPT',
      `Layer unpacks to ${digest}, the image's config promises ${options.diffId}: make or fetch the image again`,
    );
  }
}

/** Drops data after mkfs.erofs stops reading: at the archive's end mark, or by a failure that its status reports. */
function writer(sink: Writable): (part: Buffer) => Promise<void> {
  let isGone = false;
  let wake: (() => void) | undefined;
  const gone = () => {
    isGone = true;
    wake?.();
  };
  sink.on('error', gone).on('close', gone);
  sink.on('drain', () => wake?.());
  return async (part) => {
    if (isGone || sink.write(part)) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
    });
  };
}

interface LayerStream {
  /** The unpacked tar. */
  stream: Readable;
  done: Promise<unknown>;
  /** Returns the bytes of the blob read so far. */
  bytesRead: () => number;
}

async function openLayer(blob: string, options: ToolOptions): Promise<LayerStream> {
  const kind = await compressionOf(blob);
  const file = createReadStream(blob, { highWaterMark: CHUNK });
  const bytesRead = (): number => file.bytesRead;
  if (kind === 'none') return { stream: file, done: Promise.resolve(), bytesRead };
  if (kind === 'gzip') {
    const stream = createGunzip({ chunkSize: CHUNK });
    file.on('error', (error) => stream.destroy(error));
    return { stream: file.pipe(stream), done: Promise.resolve(), bytesRead };
  }
  const words = ['-dcq', '--no-progress'];
  const { child, done } = await startWalled('zstd', words, {}, { ...options, isPiped: true });
  child.stdin.on('error', () => undefined);
  file.pipe(child.stdin);
  return { stream: child.stdout, done, bytesRead };
}

async function compressionOf(blob: string): Promise<'none' | 'gzip' | 'zstd'> {
  const file = await open(blob, 'r');
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(6), 0, 6, 0);
    const magic = buffer.toString('hex', 0, bytesRead);
    if (magic.startsWith('1f8b')) return 'gzip';
    if (magic.startsWith('28b52ffd')) return 'zstd';
    if (magic.startsWith('425a68') || magic === 'fd377a585a00') {
      throw new ImageError(
        'ERR_IMAGE_UNSUPPORTED',
        'Layer is compressed with bzip2 or xz: build it with gzip or zstd',
      );
    }
    return 'none';
  } finally {
    await file.close();
  }
}

async function explain(error: unknown, options: ConvertOptions): Promise<unknown> {
  if (await ranOutOfSpace(error, options.tmpDir)) {
    return new ImageError('ERR_IMAGE_NOSPACE', 'No space left on the device', { cause: error });
  }
  if (error instanceof ImageError) return error;
  if (error instanceof ToolFailure) {
    return new ImageError(
      'ERR_IMAGE_CORRUPT',
      `Layer cannot be converted: ${complaintOf(error)}; make or fetch the image again`,
      { cause: error },
    );
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ImageError(
    'ERR_IMAGE_CORRUPT',
    `Layer cannot be unpacked: ${message}; make or fetch the image again`,
    { cause: error },
  );
}
