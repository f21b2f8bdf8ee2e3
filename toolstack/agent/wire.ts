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
/** What XS_WAKE says: to somebody new, or to a domain that goes on as it was. */
export const Wake = { NEW: '1', SAME: '2' } as const;

/** Rings of 1 << order bytes each way. */
export const CONTROL_RING_ORDER = 14;
export const DATA_RING_ORDER = 17;

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
  FILES: 0x2e,
  FILL: 0x2f,
  UNFILES: 0x23,
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

/** How MOUNT calls the layer that came in LAYER frames of that number, from 1. */
export function layerName(number: number): string {
  return `layer-${number}`;
}

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
  /** A device with an ext4 for the writable layer, in place of a tmpfs. */
  upper?: string;
}

export function encodeMount(request: MountRequest): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32LE(request.devices.length, 0);
  head.writeUInt32LE(request.timeoutMs, 4);
  head.writeBigUInt64LE(BigInt(request.upperKib), 8);
  const { rootfs, devices, upper } = request;
  return Buffer.concat([
    head,
    encodeFields([rootfs, ...devices, ...(upper === undefined ? [] : [upper])]),
  ]);
}

/** UNMOUNT's payload. */
export function encodeUnmount(rootfs: string): Buffer {
  return encodeFields([rootfs]);
}

/** One interface's addresses; bytes in network order. */
export interface NetworkRequest {
  interface: string;
  /** 6 bytes. */
  mac?: Buffer | undefined;
  ipv4?: NetworkAddress | undefined;
  ipv6?: NetworkAddress | undefined;
  mtu?: number | undefined;
}

export interface NetworkAddress {
  /** 4 or 16 bytes, as the gateway's. */
  address: Buffer;
  /** Bits of the network's part, at least 1. */
  prefix: number;
  gateway?: Buffer | undefined;
}

export const NETWORK_BYTES = 52;

/** FILES' payload, and UNFILES': the tag of the guest's 9pfs device. */
export function encodeFiles(tag: string): Buffer {
  return encodeFields([tag]);
}

/** FILL's payload: what `path` in a root filesystem holds goes into the folder that dom0 shares by that name, over the device of that tag. */
export function encodeFill(rootfs: string, path: string, tag: string, name: string): Buffer {
  return encodeFields([rootfs, path, tag, name]);
}

/** SHM's payload: the tmpfs that `container` has at `path` is there for the container called `name`, too. */
export function encodeShm(container: string, path: string, name: string): Buffer {
  return encodeFields([container, path, name]);
}

/** NETWORK's payload: struct thaw_network and the interface's name. */
export function encodeNetwork({ interface: name, mac, ipv4, ipv6, mtu }: NetworkRequest): Buffer {
  const head = Buffer.alloc(NETWORK_BYTES);
  mac?.copy(head, 0);
  head.writeUInt8(ipv4?.prefix ?? 0, 6);
  head.writeUInt8(ipv6?.prefix ?? 0, 7);
  ipv4?.address.copy(head, 8);
  ipv4?.gateway?.copy(head, 12);
  ipv6?.address.copy(head, 16);
  ipv6?.gateway?.copy(head, 32);
  head.writeUInt32LE(mtu ?? 0, 48);
  return Buffer.concat([head, encodeFields([name])]);
}

/** NETLINK's payload: whole messages of rtnetlink(7) about the interface whose device in xenstore has that id. */
export function encodeNetlink(devid: number, messages: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(devid);
  return Buffer.concat([head, encodeFields([Buffer.concat(messages)])]);
}

export interface ResizeRequest {
  memoryKib: number;
  vcpus: number;
  timeoutMs: number;
  /** By how much the guest raises its balloon's target itself; 0 where it is told by xenstore. */
  growKib?: number;
}

export const RESIZE_BYTES = 24;

export function encodeResize(request: ResizeRequest): Buffer {
  const out = Buffer.alloc(RESIZE_BYTES);
  out.writeBigUInt64LE(BigInt(request.memoryKib), 0);
  out.writeUInt32LE(request.vcpus, 8);
  out.writeUInt32LE(request.timeoutMs, 12);
  out.writeBigUInt64LE(BigInt(request.growKib ?? 0), 16);
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
  /** Those of CREATE or, of a container that was held, START; STDIN may be left out, and is of one that was held. */
  flags: number;
  rows: number;
  cols: number;
  container: string;
  /** For the container's UTS namespace; '' leaves it. */
  hostname: string;
  /** Replace files of the same names given to CREATE. */
  files: Record<string, string>;
}

export function encodeBegin(request: BeginRequest): Buffer {
  const { container, hostname } = request;
  return Buffer.concat([
    processHead(request),
    encodeFields([container, hostname, ...Object.entries(request.files).flat()]),
  ]);
}

/** HOLD's payload: the container that goes along. */
export function encodeHold(container: string): Buffer {
  return encodeFields([container]);
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

/** What is to be in files of a container's cgroup; '' leaves one as it is. */
export interface LimitRequest {
  container: string;
  cpuMax: string;
  pidsMax: string;
  memoryMax: string;
  /** '1': its processes stand still, '0': they go on. */
  freeze: string;
}

/** LIMIT's payload. */
export function encodeLimit(request: LimitRequest): Buffer {
  const { container, cpuMax, pidsMax, memoryMax, freeze } = request;
  return encodeFields([container, cpuMax, pidsMax, memoryMax, freeze]);
}

/** What a process of ARCHIVE does. */
export const ArchiveVerb = { PACK: 1, UNPACK: 2, PUT: 3, CHANGES: 4, LAYER: 5 } as const;
export const ArchiveOption = { CONTENTS: 1, OVERWRITE: 2, OWNER: 4, STILL: 8 } as const;

export interface ArchiveRequest {
  process: number;
  /** ProcessFlag.STDIN for UNPACK and PUT. */
  flags: number;
  /** Of ArchiveVerb. */
  verb: number;
  /** Of ArchiveOption. */
  options: number;
  owner?: { uid: number; gid: number } | undefined;
  /** As its processes see their files; '' for the root filesystem as it is mounted. */
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
