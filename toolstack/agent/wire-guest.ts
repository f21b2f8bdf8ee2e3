// SPDX-License-Identifier: Apache-2.0
// Packs requests about the guest: identity, size, root filesystems, shares, networks. proto.h describes each field.

import { encodeFields } from '../base/frame.js';

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
  upper?: string | undefined;
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

/** Packs the payload of MOUNT_SHARE and UNMOUNT_SHARE: the tag of the guest's 9pfs device. */
export function encodeShareTag(tag: string): Buffer {
  return encodeFields([tag]);
}

/** Packs FILL's payload: the agent copies `path` of a root filesystem into the share of that name on the device of that tag. */
export function encodeFill(rootfs: string, path: string, tag: string, name: string): Buffer {
  return encodeFields([rootfs, path, tag, name]);
}

/** Packs SHM's payload: the container called `name` shares the tmpfs that `container` has at `path`. */
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
  /** KiB by which the guest itself raises its balloon target; 0 where xenstore tells it. */
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
