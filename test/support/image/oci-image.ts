// SPDX-License-Identifier: Apache-2.0
// Builds OCI layouts and archives byte by byte, valid or broken as a test needs them: the tools that build real images refuse to.
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';

export type Entry = Partial<Header> & { name: string; content?: string | Buffer };

export interface LayerOptions {
  tar: Buffer;
  compression?: 'gzip' | 'none';
  /** The digest that the config claims; the tar's digest by default. */
  diffId?: string;
}

export interface ImageOptions {
  layers: LayerOptions[];
  /** The config's `config` object. */
  config?: Record<string, unknown>;
  architecture?: string;
  history?: object[];
  tag?: string;
}

/** Makes an uncompressed tar. Times are 1970, owners root unless an entry says otherwise. */
export async function makeTar(entries: Entry[]): Promise<Buffer> {
  const archive = pack();
  for (const { content = '', ...header } of entries) {
    const type = header.type ?? 'file';
    const mode = header.mode ?? (type === 'directory' ? 0o755 : 0o644);
    const full = { uid: 0, gid: 0, mtime: new Date(0), ...header, type, mode };
    // tar-stream writes 'directory' and links without content only if no size is given.
    if (type === 'file') archive.entry({ ...full, size: Buffer.byteLength(content) }, content);
    else archive.entry({ ...full, size: 0 }, '');
  }
  archive.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of archive as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes an OCI layout of one image into the new folder `dir`; returns the image id. */
export async function writeLayout(dir: string, options: ImageOptions): Promise<string> {
  const { layers, config = {}, architecture = hostArchitecture(), tag = 'latest' } = options;
  const history = options.history === undefined ? {} : { history: options.history };
  await mkdir(join(dir, 'blobs', 'sha256'), { recursive: true });
  const descriptors = [];
  for (const { tar, compression = 'gzip' } of layers) {
    const isGzip = compression === 'gzip';
    const suffix = isGzip ? '+gzip' : '';
    const blob = isGzip ? gzipSync(tar) : tar;
    descriptors.push(await writeBlob(dir, blob, `application/vnd.oci.image.layer.v1.tar${suffix}`));
  }
  const diffIds = layers.map((layer) => layer.diffId ?? digest(layer.tar));
  const configBlob = await writeBlob(
    dir,
    json({
      architecture,
      os: 'linux',
      config,
      ...history,
      rootfs: { type: 'layers', diff_ids: diffIds },
    }),
    'application/vnd.oci.image.config.v1+json',
  );
  const manifest = await writeBlob(
    dir,
    json({ schemaVersion: 2, config: configBlob, layers: descriptors }),
    'application/vnd.oci.image.manifest.v1+json',
  );
  const annotations = { 'org.opencontainers.image.ref.name': tag };
  await writeFile(
    join(dir, 'index.json'),
    json({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
  await writeFile(join(dir, 'oci-layout'), json({ imageLayoutVersion: '1.0.0' }));
  return configBlob.digest;
}

/** Packs a layout into the file of an oci-archive. */
export async function writeArchive(layout: string, file: string): Promise<void> {
  const archive = pack();
  for (const name of ['oci-layout', 'index.json']) {
    archive.entry({ name, mtime: new Date(0) }, await readFile(join(layout, name)));
  }
  const blobs = join(layout, 'blobs', 'sha256');
  for (const name of (await readdir(blobs)).sort()) {
    archive.entry(
      { name: `blobs/sha256/${name}`, mtime: new Date(0) },
      await readFile(join(blobs, name)),
    );
  }
  archive.finalize();
  await pipeline(archive as AsyncIterable<Buffer>, createWriteStream(file));
}

export function digest(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

async function writeBlob(dir: string, bytes: Buffer, mediaType: string) {
  const name = digest(bytes);
  await writeFile(join(dir, 'blobs', 'sha256', name.slice('sha256:'.length)), bytes);
  return { mediaType, digest: name, size: bytes.length };
}

function hostArchitecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}
