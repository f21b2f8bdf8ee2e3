// SPDX-License-Identifier: Apache-2.0
// Encodes the payload of a message from strings that end with NUL, and decodes it. Pure, no I/O.

/** Returns each string followed by a NUL. The caller has checked that no string holds one. */
export function encodeStrings(...strings: readonly string[]): Buffer {
  return Buffer.from(strings.map((text) => `${text}\0`).join(''), 'utf8');
}

/** Returns the strings of a payload in which each ends with a NUL; undefined when the last one does not. */
export function decodeStrings(payload: Buffer): string[] | undefined {
  if (payload.length === 0) return [];
  if (payload[payload.length - 1] !== 0) return undefined;
  return payload.toString('utf8', 0, payload.length - 1).split('\0');
}

/** Returns the one string of a payload. Its final NUL is optional, as some replies of the kernel and of oxenstored lack it. */
export function decodeString(payload: Buffer): string | undefined {
  const hasNul = payload.length > 0 && payload[payload.length - 1] === 0;
  const text = payload.toString('utf8', 0, payload.length - (hasNul ? 1 : 0));
  return text.includes('\0') ? undefined : text;
}

/** Parses a decimal u32; undefined for anything else. */
export function decodeU32(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,10}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= 0xffffffff ? value : undefined;
}
