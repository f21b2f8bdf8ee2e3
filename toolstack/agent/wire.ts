// SPDX-License-Identifier: Apache-2.0
// The agent's messages as thawd sees them: constants and structs of kernels/agent/proto.h, which a test compares with this file.

import { decodeFields, encodeFields, ProtocolError } from '../base/frame.js';
import { printable } from '../base/text.js';

export const PROTO_MAGIC = 0x77616874;
export const PROTO_VERSION = 1;
export const CONTROL_MAX = 4194304;

export const XS_CONTROL = 'data/thaw/control';
export const XS_DATA = 'data/thaw/data';
export const XS_STATE = 'data/thaw/state';
export const XS_WAKE = 'data/thaw/wake';

/** Message types on the control channel. */
export const AgentType = {
  HELLO: 0x01,
  PING: 0x10,
  IDENTITY: 0x11,
  MOUNT: 0x12,
  RESIZE: 0x13,
  START: 0x14,
  KILL: 0x15,
  DELETE: 0x16,
  UNMOUNT: 0x17,
  FREEZE: 0x18,
  OK: 0x20,
  ERROR: 0x21,
} as const;

/** Why the agent refused a request. */
export const AgentFault = {
  MESSAGE: 1,
  STATE: 2,
  EXISTS: 3,
  NOENT: 4,
  DEVICE: 5,
  MOUNT: 6,
  CMD_NOENT: 7,
  CMD_NOEXEC: 8,
  CRUN: 9,
  RESIZE: 10,
  BUSY: 11,
  INTERNAL: 12,
} as const;

export interface Hello {
  version: number;
  wakes: number;
  channel: number;
  build: string;
}

/** Checks and unpacks the first frame of a channel. Throws ProtocolError on anything but a hello of our version. */
export function decodeHello(untrustedPayload: Buffer): Hello {
  if (untrustedPayload.length < 16)
    throw new ProtocolError('The agent sent a hello that is too short');
  const magic = untrustedPayload.readUInt32LE(0);
  const version = untrustedPayload.readUInt32LE(4);
  if (magic !== PROTO_MAGIC)
    throw new ProtocolError('The agent sent a hello without the magic number');
  if (version !== PROTO_VERSION) {
    throw new ProtocolError(
      `The agent speaks protocol version ${version}: this thawd speaks ${PROTO_VERSION}`,
    );
  }
  const [build] = decodeFields(untrustedPayload.subarray(16), 1);
  return {
    version,
    wakes: untrustedPayload.readUInt32LE(8),
    channel: untrustedPayload.readUInt32LE(12),
    build: printable(build ?? Buffer.alloc(0), 128),
  };
}

export interface Identity {
  realtimeNs: bigint;
  seed: Buffer;
  hostname: string;
  machineId: string;
}

export function encodeIdentity(identity: Identity): Buffer {
  const head = Buffer.alloc(8);
  head.writeBigUInt64LE(identity.realtimeNs, 0);
  return Buffer.concat([
    head,
    encodeFields([identity.seed, identity.hostname, identity.machineId]),
  ]);
}

export interface MountRequest {
  rootfs: string;
  devices: string[];
  timeoutMs: number;
  upperKib: number;
}

export function encodeMount(request: MountRequest): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(request.devices.length, 0);
  head.writeUInt32LE(request.timeoutMs, 4);
  head.writeBigUInt64LE(BigInt(request.upperKib), 8);
  return Buffer.concat([head, encodeFields([request.rootfs, ...request.devices])]);
}

export interface ResizeRequest {
  memoryKib: number;
  vcpus: number;
  timeoutMs: number;
}

export function encodeResize(request: ResizeRequest): Buffer {
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(BigInt(request.memoryKib), 0);
  out.writeUInt32LE(request.vcpus, 8);
  out.writeUInt32LE(request.timeoutMs, 12);
  return out;
}

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

export function encodeStart(request: StartRequest): Buffer {
  const files = Object.entries(request.files).flat();
  const head = Buffer.alloc(16);
  head.writeUInt32LE(request.process, 0);
  head.writeUInt32LE(request.flags, 4);
  head.writeUInt16LE(request.rows, 8);
  head.writeUInt16LE(request.cols, 10);
  head.writeUInt32LE(files.length / 2, 12);
  return Buffer.concat([
    head,
    encodeFields([request.container, request.rootfs, request.config, ...files]),
  ]);
}

export function encodeKill(process: number, signal: number): Buffer {
  const out = Buffer.alloc(8);
  out.writeUInt32LE(process, 0);
  out.writeUInt32LE(signal, 4);
  return out;
}
