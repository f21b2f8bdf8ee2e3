// SPDX-License-Identifier: Apache-2.0
// Hand-made libxl save streams for tests of the trimmer: Xen's docs/specs/libxl-migration-stream and libxc-migration-stream, version 2 and 3.

export const PAGE = 4096;
export const TYPE = { normal: 0n, l1tab: 1n, l4tab: 4n, reserved: 5n, xalloc: 14n, xtab: 15n };

export interface Page {
  pfn: bigint;
  type?: bigint;
  /** The contents of pages whose type has contents; default zero. */
  fill?: number;
}

/** A record of either stream: header, body, padding to 8 bytes. */
export function record(type: number, body: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(body.length, 4);
  return Buffer.concat([header, body, Buffer.alloc(-body.length & 7)]);
}

export function hasContents(type: bigint): boolean {
  return type < 13n;
}

/** The body of a PAGE_DATA record. */
export function pageData(pages: Page[], count = pages.length): Buffer {
  const head = Buffer.alloc(8 + pages.length * 8);
  head.writeUInt32LE(count, 0);
  pages.forEach((page, i) =>
    head.writeBigUInt64LE(((page.type ?? 0n) << 60n) | page.pfn, 8 + i * 8),
  );
  const contents = pages
    .filter((page) => hasContents(page.type ?? 0n))
    .map((page) => Buffer.alloc(PAGE, page.fill ?? 0));
  return Buffer.concat([head, ...contents]);
}

/** `type` is 1 for PV, 2 for HVM and PVH. */
export function libxcHeaders(version = 3, pageShift = 12, type = 1): Buffer {
  const image = Buffer.alloc(24);
  image.fill(0xff, 0, 8);
  image.writeUInt32BE(0x58454e46, 8);
  image.writeUInt32BE(version, 12);
  const domain = Buffer.alloc(16);
  domain.writeUInt32LE(type, 0);
  domain.writeUInt16LE(pageShift, 4);
  domain.writeUInt32LE(4, 8);
  domain.writeUInt32LE(20, 12);
  return Buffer.concat([image, domain]);
}

export function libxlHeader(version = 2, options = 0): Buffer {
  const header = Buffer.alloc(16);
  header.write('LibxlFmt', 0, 'latin1');
  header.writeUInt32BE(version, 8);
  header.writeUInt32BE(options, 12);
  return header;
}

/** A whole libxl stream around libxenguest records (without END). */
export function saveStream(libxcRecords: Buffer[], headers = libxcHeaders()): Buffer {
  return Buffer.concat([
    libxlHeader(),
    record(1),
    headers,
    ...libxcRecords,
    record(0),
    record(2, Buffer.from('emulator xenstore data')),
    record(0),
  ]);
}

export interface ParsedPage {
  pfn: bigint;
  type: bigint;
  contents: Buffer | undefined;
}

/** Returns the pages of a stream made by saveStream, in order, with everything else as opaque records. */
export function parsePages(stream: Buffer): ParsedPage[] {
  return parseRecords(stream).flat();
}

/** Returns the same pages, by PAGE_DATA record. */
export function parseRecords(stream: Buffer): ParsedPage[][] {
  const records: ParsedPage[][] = [];
  let at = 16 + 8 + 40;
  for (;;) {
    const type = stream.readUInt32LE(at);
    const length = stream.readUInt32LE(at + 4);
    const body = stream.subarray(at + 8, at + 8 + length);
    at += 8 + ((length + 7) & ~7);
    if (type === 0) return records;
    if (type !== 1) continue;
    const count = body.readUInt32LE(0);
    let contentsAt = 8 + count * 8;
    const pages: ParsedPage[] = [];
    for (let i = 0; i < count; i++) {
      const entry = body.readBigUInt64LE(8 + i * 8);
      const pageType = entry >> 60n;
      const contents = hasContents(pageType)
        ? body.subarray(contentsAt, (contentsAt += PAGE))
        : undefined;
      pages.push({ pfn: entry & ((1n << 52n) - 1n), type: pageType, contents });
    }
    records.push(pages);
  }
}
