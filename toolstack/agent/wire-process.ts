// SPDX-License-Identifier: Apache-2.0
// Packs requests about containers and their processes. proto.h describes each field.

import { encodeFields } from '../base/frame.js';

export interface StartRequest {
  process: number;
  flags: number;
  rows: number;
  cols: number;
  container: string;
  rootfs: string;
  config: string;
  files: Record<string, string>;
}

/** START's payload, and CREATE's. */
export function encodeStart(request: StartRequest): Buffer {
  const { container, rootfs, config } = request;
  return Buffer.concat([
    processHead(request),
    encodeFields([container, rootfs, config, ...Object.entries(request.files).flat()]),
  ]);
}

export interface BeginRequest {
  process: number;
  /** The flags of CREATE or, for a held container, of START. STDIN may be left out, and must be for a held container. */
  flags: number;
  rows: number;
  cols: number;
  container: string;
  /** For the container's UTS namespace; '' leaves it. */
  hostname: string;
  /** Files that replace those of CREATE by the same names. */
  files: Record<string, string>;
}

export function encodeBegin(request: BeginRequest): Buffer {
  const { container, hostname } = request;
  return Buffer.concat([
    processHead(request),
    encodeFields([container, hostname, ...Object.entries(request.files).flat()]),
  ]);
}

/** Packs HOLD's payload: the container, and whether dom0 saves the open files of its shares. */
export function encodeHold(container: string, savesFids = false): Buffer {
  return encodeFields([container, ...(savesFids ? ['files'] : [])]);
}

export interface ExecRequest {
  process: number;
  flags: number;
  rows: number;
  cols: number;
  container: string;
  /** The process object of an OCI config, as JSON. */
  processJson: string;
}

export function encodeExec(request: ExecRequest): Buffer {
  return Buffer.concat([execHead(request), encodeFields([request.container, request.processJson])]);
}

/** struct thaw_start and struct thaw_begin are laid out alike: struct thaw_exec, then how many files. */
function processHead(request: StartRequest | BeginRequest): Buffer {
  const files = Buffer.alloc(4);
  files.writeUInt32LE(Object.keys(request.files).length, 0);
  return Buffer.concat([execHead(request), files]);
}

function execHead(request: Pick<ExecRequest, 'process' | 'flags' | 'rows' | 'cols'>): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(request.process, 0);
  head.writeUInt32LE(request.flags, 4);
  head.writeUInt16LE(request.rows, 8);
  head.writeUInt16LE(request.cols, 10);
  return head;
}

/** New contents of files in a container's cgroup; '' leaves a file as it is. */
export interface LimitRequest {
  container: string;
  cpuMax: string;
  pidsMax: string;
  memoryMax: string;
  /** '1' freezes the container's processes, '0' thaws them. */
  freeze: string;
}

/** LIMIT's payload. */
export function encodeLimit(request: LimitRequest): Buffer {
  const { container, cpuMax, pidsMax, memoryMax, freeze } = request;
  return encodeFields([container, cpuMax, pidsMax, memoryMax, freeze]);
}

/** The tasks of an ARCHIVE process. */
export const ArchiveVerb = { PACK: 1, UNPACK: 2, PUT: 3, CHANGES: 4, LAYER: 5 } as const;
export const ArchiveOption = { CONTENTS: 1, OVERWRITE: 2, OWNER: 4, FROZEN: 8 } as const;

export interface ArchiveRequest {
  process: number;
  /** ProcessFlag.STDIN for UNPACK and PUT. */
  flags: number;
  /** A value of ArchiveVerb. */
  verb: number;
  /** Bits of ArchiveOption. */
  options: number;
  owner?: { uid: number; gid: number } | undefined;
  /** The container whose view of its files counts; '' for the root filesystem as it is mounted. */
  container: string;
  rootfs: string;
  path: string;
  name: string;
}

export const ARCHIVE_BYTES = 24;

export function encodeArchive(request: ArchiveRequest): Buffer {
  const { process, flags, verb, owner, container, rootfs, path, name } = request;
  const head = Buffer.alloc(ARCHIVE_BYTES);
  const options = request.options | (owner ? ArchiveOption.OWNER : 0);
  const numbers = [process, flags, verb, options, owner?.uid ?? 0, owner?.gid ?? 0];
  numbers.forEach((number, i) => head.writeUInt32LE(number, 4 * i));
  return Buffer.concat([head, encodeFields([container, rootfs, path, name])]);
}

export function encodeKill(process: number, signal: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(process, 0);
  out.writeUInt32LE(signal, 4);
  return out;
}
