// SPDX-License-Identifier: Apache-2.0
// The agent's messages: constants and structs of kernels/agent/proto.h, which a test compares with this file. wire-guest.ts and
// wire-process.ts pack the requests.

import { decodeFields, ProtocolError } from '../base/frame.js';
import { printable } from '../base/text.js';

export const PROTO_MAGIC = 0x77616874;
export const PROTO_VERSION = 1;
export const CONTROL_MAX = 4194304;

export const XS_CONTROL = 'data/thaw/control';
export const XS_DATA = 'data/thaw/data';
export const XS_STATE = 'data/thaw/state';
export const XS_WAKE = 'data/thaw/wake';
/** Values of XS_WAKE: for a new clone, or for a domain that continues as it was. */
export const Wake = { NEW: '1', SAME: '2' } as const;

/** Rings of 1 << order bytes each way. */
export const CONTROL_RING_ORDER = 14;
export const DATA_RING_ORDER = 17;
/** Most pages that a vif shares: THAW_VIF_PAGES_MAX. */
export const VIF_PAGES_MAX = 258;

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
  EXEC: 0x19,
  CREATE: 0x1a,
  BEGIN: 0x1b,
  HOLD: 0x1c,
  NETWORK: 0x1d,
  NETLINK: 0x24,
  STATS: 0x1e,
  PROCESSES: 0x1f,
  MOUNT_SHARE: 0x2e,
  FILL: 0x2f,
  UNMOUNT_SHARE: 0x23,
  ARCHIVE: 0x28,
  LIMIT: 0x22,
  SHM: 0x25,
  OK: 0x20,
  ERROR: 0x21,
} as const;

/** On the data channel: a layer's size, then its bytes. */
export const LAYER = 0x36;
export const LayerPart = { SIZE: 1, BYTES: 2 } as const;
export const LAYERS_MAX = 64;
export const DATA_MAX = 65536;

/** MOUNT's name for the layer that came in LAYER frames of that number, from 1. */
export function layerName(number: number): string {
  return `layer-${number}`;
}

/** The agent's reasons for refusing a request. */
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
  TCP: 13,
  STREAMS: 14,
  VOLUME: 15,
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

/** The guest's number of a process, as START, CREATE, EXEC and BEGIN are answered. Throws ProtocolError. */
export function decodePid(untrustedPayload: Buffer): number {
  const pid = untrustedPayload.length === 4 ? untrustedPayload.readUInt32LE(0) : 0;
  if (pid < 1 || pid > PID_MAX) throw new ProtocolError('The agent sent a pid that is none');
  return pid;
}

/** The guest's number of a network interface, as NETLINK is answered. Throws ProtocolError. */
export function decodeIndex(untrustedPayload: Buffer): number {
  const index = untrustedPayload.length === 4 ? untrustedPayload.readInt32LE(0) : 0;
  if (index < 1) throw new ProtocolError('The agent sent an interface number that is none');
  return index;
}

/** The kernel's own limit (PID_MAX_LIMIT). */
const PID_MAX = 2 ** 22;
