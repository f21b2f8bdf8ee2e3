// SPDX-License-Identifier: Apache-2.0
// Parses and formats IPv4 and IPv6 addresses and subnets. Pure.

import { isIP, isIPv4 } from 'node:net';

export type Family = 4 | 6;

export interface Subnet {
  family: Family;
  /** The first address. */
  base: bigint;
  /** Length of the network part in bits. */
  prefix: number;
}

/** Returns the number of bits of an address. */
export function bitsOf(family: Family): number {
  return family === 4 ? 32 : 128;
}

/** Parses an address as a number; undefined for other text. */
export function parseAddress(text: string): { family: Family; value: bigint } | undefined {
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  if (isIPv4(text)) {
    const value = text.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
    return { family: 4, value };
  }
  return { family: 6, value: groups(text).reduce((sum, group) => sum * 65536n + group, 0n) };
}

/** Returns the eight groups of an IPv6 address, also with an IPv4 part as in ::ffff:192.0.2.1. */
function groups(text: string): bigint[] {
  const [left = '', right] = text.split('::');
  const parts = (side: string): bigint[] =>
    side === '' ? [] : side.split(':').flatMap((part) => group(part));
  const [head, tail] = [parts(left), parts(right ?? '')];
  const missing = right === undefined ? 0 : 8 - head.length - tail.length;
  return [...head, ...Array<bigint>(missing).fill(0n), ...tail];
}

function group(part: string): bigint[] {
  if (!part.includes('.')) return [BigInt(`0x${part}`)];
  const value = parseAddress(part)?.value ?? 0n;
  return [value >> 16n, value & 0xffffn];
}

/** Formats an address in the usual notation; IPv6 by RFC 5952. */
export function formatAddress(family: Family, value: bigint): string {
  if (family === 4)
    return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const all = Array.from({ length: 8 }, (_, i) =>
    ((value >> BigInt(16 * (7 - i))) & 0xffffn).toString(16),
  ).join(':');
  const zeros = all.match(/(?<=^|:)0(?::0)+(?=:|$)/g) ?? [];
  const [longest] = zeros.sort((a, b) => b.length - a.length);
  if (longest === undefined) return all;
  const at = all.search(new RegExp(`(?<=^|:)${longest}(?=:|$)`));
  const [head, tail] = [all.slice(0, at), all.slice(at + longest.length)];
  return `${head.replace(/:$/, '')}::${tail.replace(/^:/, '')}`;
}

/** Returns the address as 4 or 16 bytes in network order. */
export function addressBytes(text: string): Buffer {
  const address = parseAddress(text);
  if (!address) throw new TypeError(`${text} is no address`);
  return Buffer.from(address.value.toString(16).padStart(bitsOf(address.family) / 4, '0'), 'hex');
}

/** Parses a subnet such as 10.94.0.0/16; undefined for other text, and for one with bits set behind its prefix. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, start = '', length = ''] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const address = parseAddress(start);
  const prefix = Number(length);
  if (!address || prefix < 1 || prefix > bitsOf(address.family)) return undefined;
  const subnet = { family: address.family, base: address.value, prefix };
  return address.value % sizeOf(subnet) === 0n ? subnet : undefined;
}

export function formatSubnet({ family, base, prefix }: Subnet): string {
  return `${formatAddress(family, base)}/${prefix}`;
}

/** Returns the number of addresses in a subnet. */
export function sizeOf({ family, prefix }: Pick<Subnet, 'family' | 'prefix'>): bigint {
  return 1n << BigInt(bitsOf(family) - prefix);
}

export function contains(subnet: Subnet, address: { family: Family; value: bigint }): boolean {
  const offset = address.value - subnet.base;
  return address.family === subnet.family && offset >= 0n && offset < sizeOf(subnet);
}

export function overlap(a: Subnet, b: Subnet): boolean {
  return (
    contains(a, { family: b.family, value: b.base }) ||
    contains(b, { family: a.family, value: a.base })
  );
}
