// SPDX-License-Identifier: Apache-2.0
// Encodes the common parts of netlink messages (linux/netlink.h), in the byte order of dom0's x86 CPU. Pure.

/** The receiver handles the message as a request (NLM_F_REQUEST). */
export const REQUEST = 1;
/** The kernel answers also when all is well (NLM_F_ACK). */
export const ACK = 4;
/** Creates the object (NLM_F_CREATE). A new route comes before others of its kind. */
export const CREATES = 0x400;
/** Creates or replaces the object (NLM_F_REPLACE | NLM_F_CREATE). */
export const REPLACES = 0x100 | CREATES;

/** `head` is the fixed part of the message's type, such as struct ifinfomsg. */
export function message(
  type: number,
  flags: number,
  head: Buffer,
  attributes: readonly Buffer[],
): Buffer {
  const payload = Buffer.concat([head, ...attributes]);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(header.length + payload.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  return Buffer.concat([header, payload]);
}

/** Encodes an attribute, and pads it so that the next one is aligned. */
export function attribute(type: number, value: Buffer): Buffer {
  const out = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  out.writeUInt16LE(4 + value.length, 0);
  out.writeUInt16LE(type, 2);
  value.copy(out, 4);
  return out;
}

/** Encodes an attribute that holds attributes (NLA_F_NESTED). */
export function nested(type: number, ...attributes: Buffer[]): Buffer {
  return attribute(type | 0x8000, Buffer.concat(attributes));
}

export function u32(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(value);
  return out;
}

/** Returns a MAC's six bytes. */
export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}
