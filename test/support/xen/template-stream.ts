// SPDX-License-Identifier: Apache-2.0
// Small but complete streams of templates: every record that a clone needs, of a PVH and of a PV domain.

import { libxcHeaders, pageData, record, saveStream, type Page } from './save-stream.js';

export const RECORD = {
  pageData: 1,
  pvInfo: 2,
  pvP2mFrames: 3,
  pvVcpuBasic: 4,
  sharedInfo: 7,
  tscInfo: 8,
  hvmContext: 9,
  hvmParams: 10,
  staticDataEnd: 16,
  cpuidPolicy: 17,
};

export const STORE_GFN = 0xfeffcn;
export const CONSOLE_GFN = 0xfeffen;
/** sizeof(struct vcpu_guest_context) of a 64-bit guest. */
const VCPU_BYTES = 5168;

type Records = Record<string, Buffer | undefined>;

/** Makes a PVH stream. `change` replaces records by their names above, or leaves them out. */
export function pvhStream(change: Records = {}, pages?: Page[]): Buffer {
  const records: Records = {
    cpuidPolicy: Buffer.alloc(24, 1),
    staticDataEnd: Buffer.alloc(0),
    pageData: pageData(
      pages ?? [
        { pfn: 1n, fill: 7 },
        { pfn: 2n, fill: 8 },
        { pfn: 5n, type: 14n },
        { pfn: STORE_GFN, fill: 1 },
        { pfn: CONSOLE_GFN, fill: 2 },
      ],
    ),
    tscInfo: Buffer.alloc(24),
    hvmContext: Buffer.alloc(64, 3),
    hvmParams: hvmParams([
      [1n, STORE_GFN],
      [17n, CONSOLE_GFN],
    ]),
  };
  return stream({ ...records, ...change }, 2);
}

export function hvmParams(params: [bigint, bigint][]): Buffer {
  const body = Buffer.alloc(8 + params.length * 16);
  body.writeUInt32LE(params.length, 0);
  params.forEach(([index, value], i) => {
    body.writeBigUInt64LE(index, 8 + i * 16);
    body.writeBigUInt64LE(value, 16 + i * 16);
  });
  return body;
}

/** Makes a PV stream. Frame 3 is a pinned page table with these `entries`. */
export function pvStream(change: Records = {}, entries: bigint[] = [0x2001n]): Buffer {
  const pages = pageData([
    { pfn: 1n, fill: 7 },
    { pfn: 2n, type: 14n },
    { pfn: 3n, type: 4n },
  ]);
  entries.forEach((entry, i) => pages.writeBigUInt64LE(entry, pages.length - 4096 + i * 8));
  const vcpu = Buffer.alloc(8 + VCPU_BYTES);
  const records: Records = {
    cpuidPolicy: Buffer.alloc(24, 1),
    staticDataEnd: Buffer.alloc(0),
    pvInfo: Buffer.from([8, 4, 0, 0, 0, 0, 0, 0]),
    pvP2mFrames: p2mFrames(9, [1n]),
    pageData: pages,
    tscInfo: Buffer.alloc(24),
    sharedInfo: Buffer.alloc(4096),
    pvVcpuBasic: vcpu,
  };
  return stream({ ...records, ...change }, 1);
}

export function p2mFrames(maxPfn: number, frames: bigint[]): Buffer {
  const body = Buffer.alloc(8 + frames.length * 8);
  body.writeUInt32LE(maxPfn, 4);
  frames.forEach((frame, i) => body.writeBigUInt64LE(frame, 8 + i * 8));
  return body;
}

function stream(records: Records, type: number): Buffer {
  const made = Object.entries(records).flatMap(([name, body]) =>
    body === undefined ? [] : [record(RECORD[name as keyof typeof RECORD], body)],
  );
  return saveStream(made, libxcHeaders(3, 12, type));
}
