// SPDX-License-Identifier: Apache-2.0
// Encodes the fid snapshots of a 9P server (toolstack/shim/shares/ninep/snapshot/save.h), also invalid ones that no server writes.

import { put } from './fields.js';

export const CLOSED = 0xffffffff;
export const [FOLDER, FILE, LINK] = [0o040000, 0o100000, 0o120000];

export interface SavedFid {
  number?: number;
  uid?: number;
  device?: number;
  mode?: number;
  inode?: number | bigint;
  flags?: number;
  position?: number | bigint;
  path?: string;
}

export interface SavedRange {
  fid?: number;
  process?: number;
  start?: number | bigint;
  end?: number | bigint;
  exclusive?: number;
}

export interface FidSnapshot {
  magic?: string;
  version?: number;
  msize?: number;
  /** The upper bits of each device's inode numbers. */
  devices?: number[];
  fids?: SavedFid[];
  ranges?: SavedRange[];
  /** Counts for the head that differ from the real ones. */
  counts?: { devices?: number; fids?: number; ranges?: number };
}

/** Encodes a fid snapshot. A fid without a number is number 1, the root's. */
export function encodeSnapshot(snapshot: FidSnapshot = {}): Buffer {
  const { devices = [0], ranges = [], fids = [{}], counts } = snapshot;
  return Buffer.concat([
    Buffer.from(snapshot.magic ?? 'T9PS'),
    put.u32(snapshot.version ?? 1),
    put.u32(snapshot.msize ?? 8192),
    put.u32(counts?.devices ?? devices.length),
    put.u32(counts?.fids ?? fids.length),
    put.u32(counts?.ranges ?? ranges.length),
    ...devices.map(put.u32),
    ...fids.flatMap((fid) => [
      ...[fid.number ?? 1, fid.uid ?? 0, fid.device ?? 0, fid.mode ?? FOLDER].map(put.u32),
      put.u64(fid.inode ?? 1),
      put.u32(fid.flags ?? CLOSED),
      put.u64(fid.position ?? 0),
      put.string(fid.path ?? '.'),
    ]),
    ...ranges.flatMap((range) => [
      put.u32(range.fid ?? 1),
      put.u32(range.process ?? 1),
      put.u64(range.start ?? 0),
      put.u64(range.end ?? 2n ** 63n - 1n),
      put.u8(range.exclusive ?? 0),
    ]),
  ]);
}
