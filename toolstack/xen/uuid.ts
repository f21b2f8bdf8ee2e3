// SPDX-License-Identifier: Apache-2.0
// Uuids of thaw's domains begin with "thaw" in ASCII; the rest is random (RFC 9562 version 8).

import { randomBytes } from 'node:crypto';

const PREFIX = '74686177';

export function newDomainUuid(): string {
  const hex = randomBytes(12).toString('hex');
  return `${PREFIX}-${hex.slice(0, 4)}-8${hex.slice(5, 8)}-a${hex.slice(9, 12)}-${hex.slice(12, 24)}`;
}

/** The 16 bytes that Xen keeps as a domain's handle. */
export function parseUuid(uuid: string): Uint8Array {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex');
}

/** True for the uuid of a domain that thaw made. */
export function isThawUuid(uuid: string): boolean {
  return uuid.startsWith(`${PREFIX}-`);
}
