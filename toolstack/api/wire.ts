// SPDX-License-Identifier: Apache-2.0
// Messages between thawd, the launcher and the shims: constants and structs of kernels/agent/proto.h, which a test compares.

import { decodeFields, encodeFields, ProtocolError } from '../base/frame.js';

export const API_VERSION = 1;
/** Largest payload on thawd's socket. */
export const REQUEST_MAX = 4194304;
/** Largest payload on a shim's socket. */
export const SHIM_MAX = 65536;

export const ApiType = {
  OK: 0x20,
  ERROR: 0x21,
  STREAM: 0x30,
  EOF: 0x31,
  CREDIT: 0x32,
  EXIT: 0x33,
  SIGNAL: 0x34,
  WINSIZE: 0x35,
  LEAVE: 0x37,
  CGROUP_STATS: 0x38,
  ATTACH: 0x40,
  ATTACHED: 0x41,
  EXPECT: 0x42,
  STATUS: 0x43,
  QUIT: 0x44,
  LOST: 0x45,
  INJECT: 0x46,
  FORGET: 0x47,
  PAUSE: 0x48,
  SHARE: 0x49,
  SHARED: 0x4a,
  UNSHARE: 0x4b,
  UNSHARED: 0x4c,
  SAVE_FIDS: 0x4d,
  FIDS_SAVED: 0x4e,
  REQUEST: 0x50,
  OUTPUT: 0x51,
  JOIN: 0x52,
  JOINED: 0x53,
  DONE: 0x54,
  CANCEL: 0x55,
  STAND_IN: 0x56,
  STOOD_IN: 0x57,
} as const;

export const ProcessFlag = { STDIN: 1, TTY: 2, STATS: 128, READONLY: 1024, PART: 2048 } as const;

/** The end of a process. */
export type ExitStatus = (
  { kind: 'exited'; code: number } | { kind: 'signaled'; signal: number }
) & {
  /** The guest's kernel killed processes of the container for want of memory. Only a container's first process has it. */
  oomKilled?: true;
};

/** Returns the end with `oomKilled` where that is true. Pure. */
export function withOom(exit: ExitStatus, oomKilled: boolean): ExitStatus {
  return oomKilled ? { ...exit, oomKilled } : exit;
}

/** Unpacks struct thaw_exit; undefined while kind is 0. Throws ProtocolError on values out of range. */
export function decodeExit(bytes: Buffer): ExitStatus | undefined {
  if (bytes.length !== 8)
    throw new ProtocolError(`An exit status has ${bytes.length} bytes: 8 expected`);
  const kind = bytes.readUInt32LE(0);
  const value = bytes.readUInt32LE(4);
  if (kind === 0) return undefined;
  if (kind === 1 && value <= 255) return { kind: 'exited', code: value };
  if (kind === 2 && value >= 1 && value <= 64) return { kind: 'signaled', signal: value };
  throw new ProtocolError(`An exit status is out of range: kind ${kind}, value ${value}`);
}

/** Returns the status that a shell shows: the code, or 128 plus the signal. */
export function shellStatus(exit: ExitStatus): number {
  return exit.kind === 'exited' ? exit.code : 128 + exit.signal;
}

/** A launcher's request: one command line with everything that its meaning depends on. */
export interface Request {
  cwd: string;
  argv: string[];
  env: string[];
  ttys: { stdin: boolean; stdout: boolean; stderr: boolean };
  rows: number;
  cols: number;
}

const REQUEST_HEAD = 20;
/** A request with more strings is refused. The kernel's own limit for exec is lower. */
const MAX_STRINGS = 262144;

export function encodeRequest(request: Request): Buffer {
  const head = Buffer.alloc(REQUEST_HEAD);
  const { stdin, stdout, stderr } = request.ttys;
  head.writeUInt32LE(API_VERSION, 0);
  head.writeUInt32LE((stdin ? 1 : 0) | (stdout ? 2 : 0) | (stderr ? 4 : 0), 4);
  head.writeUInt16LE(request.rows, 8);
  head.writeUInt16LE(request.cols, 10);
  head.writeUInt32LE(request.argv.length, 12);
  head.writeUInt32LE(request.env.length, 16);
  return Buffer.concat([head, encodeFields([request.cwd, ...request.argv, ...request.env])]);
}

/** Unpacks struct thaw_request and its fields. Throws ProtocolError. */
export function decodeRequest(bytes: Buffer): Request {
  if (bytes.length < REQUEST_HEAD) throw new ProtocolError('A request is too short');
  const version = bytes.readUInt32LE(0);
  if (version !== API_VERSION) {
    throw new ProtocolError(
      `The launcher speaks version ${version}, thawd ${API_VERSION}: restart thawd after an upgrade`,
    );
  }
  const ttys = bytes.readUInt32LE(4);
  const argc = bytes.readUInt32LE(12);
  const envc = bytes.readUInt32LE(16);
  const strings = decodeFields(bytes.subarray(REQUEST_HEAD), MAX_STRINGS).map((f) =>
    f.toString('utf8'),
  );
  if (argc < 1 || strings.length !== 1 + argc + envc)
    throw new ProtocolError('A request has a wrong number of strings');
  return {
    cwd: strings[0] ?? '/',
    argv: strings.slice(1, 1 + argc),
    env: strings.slice(1 + argc),
    ttys: { stdin: (ttys & 1) !== 0, stdout: (ttys & 2) !== 0, stderr: (ttys & 4) !== 0 },
    rows: bytes.readUInt16LE(8),
    cols: bytes.readUInt16LE(10),
  };
}

/** A directory or file of dom0 that a guest sees. */
export interface Export {
  path: string;
  readOnly: boolean;
  /** The guest also sees later mounts of dom0 below it (mount_namespaces(7): MS_SLAVE). Never with `readOnly`: those mounts would be writable. */
  isSlave?: boolean;
}

/** Number of rings of a 9pfs front end. */
export const SHARE_RINGS = 2;
export const EXPORTS_MAX = 64;

/** Packs SHARE's payload: struct thaw_share, the exports, and the fid snapshot of an earlier server where there is one. */
export function encodeShare(
  rings: readonly { ref: number; port: number }[],
  exports: readonly Export[],
  fidSnapshot?: string,
): Buffer {
  const head = Buffer.alloc(8 * SHARE_RINGS + 4);
  for (let i = 0; i < SHARE_RINGS; i++) {
    head.writeUInt32LE(rings[i]?.ref ?? 0, 4 * i);
    head.writeUInt32LE(rings[i]?.port ?? 0, 4 * (SHARE_RINGS + i));
  }
  head.writeUInt32LE(exports.length, 8 * SHARE_RINGS);
  const fields = exports.flatMap(({ path, readOnly, isSlave = false }) => [
    readOnly ? 'ro' : isSlave ? 'rw,slave' : 'rw',
    path,
  ]);
  if (fidSnapshot !== undefined) fields.push(fidSnapshot);
  return Buffer.concat([head, encodeFields(fields)]);
}

/** A shim's state and processes. */
export interface ShimStatus {
  state: 'waiting' | 'up' | 'lost';
  reason?: string;
  processes: { process: number; flags: number; hasBegun: boolean; exit?: ExitStatus }[];
}

/** Unpacks the answer to STATUS. Throws ProtocolError. */
export function decodeShimStatus(bytes: Buffer): ShimStatus {
  const [head, ...rest] = decodeFields(bytes, 4096);
  const text = (head ?? Buffer.alloc(0)).toString('utf8');
  const lost = /^lost: (.*)$/s.exec(text);
  const processes = rest.map((f) => {
    if (f.length !== 16) throw new ProtocolError('A process status has a wrong size');
    const exit = decodeExit(f.subarray(8));
    const flags = f.readUInt32LE(4);
    return {
      process: f.readUInt32LE(0),
      flags: flags & ~(PROCESS_BEGUN | PROCESS_OOM),
      hasBegun: (flags & PROCESS_BEGUN) !== 0,
      ...(exit ? { exit: withOom(exit, (flags & PROCESS_OOM) !== 0) } : {}),
    };
  });
  if (lost) return { state: 'lost', reason: lost[1] ?? '', processes };
  if (text === 'waiting' || text === 'up') return { state: text, processes };
  throw new ProtocolError(`A shim has an unknown state: ${text.slice(0, 40)}`);
}

const PROCESS_BEGUN = 256;
const PROCESS_OOM = 512;

/** The reasons for FORGET (enum thaw_forget of proto.h). */
export const Forget = { REFUSED: 0, LEFT: 1, UNDONE: 2 } as const;

/** Packs EXPECT's payload: log file, "" for none, and status file, "" for none where there is no log either. */
export function encodeExpect(logPath: string, statusPath: string): Buffer {
  return encodeFields([logPath, statusPath]);
}
