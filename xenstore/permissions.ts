// SPDX-License-Identifier: Apache-2.0
// Encodes and decodes a node's permissions: entries such as `n0` and `r7`. The first names the owner and everyone else's access.

import { XenstoreError } from './errors.js';

export type Access = 'none' | 'read' | 'write' | 'both';

/** One entry. In the first entry `domid` owns the node, and `access` applies to domains without an entry of their own. */
export interface Permission {
  readonly domid: number;
  readonly access: Access;
}

/** Returns a list in the order that xenstored requires: the owner first, then the access of single domains. */
export function permissions(
  owner: number,
  others: Access,
  ...entries: readonly Permission[]
): Permission[] {
  return [{ domid: owner, access: others }, ...entries];
}

/** Returns an entry such as `r7`. Throws ERR_XENSTORE_ARGUMENT for an invalid domid. */
export function encodePermission(permission: Permission): string {
  return LETTERS[permission.access] + encodeDomid(permission.domid);
}

/** Parses a string such as `r7`; undefined when it is no entry. */
export function decodePermission(text: string): Permission | undefined {
  const match = /^([nrwb])(\d{1,5})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const domid = Number(match[2]);
  const access = ACCESSES[match[1]];
  return access === undefined || domid > DOMID_MAX ? undefined : { domid, access };
}

/** Returns a domid in decimal. Throws ERR_XENSTORE_ARGUMENT when it is invalid. */
export function encodeDomid(domid: number): string {
  if (!Number.isInteger(domid) || domid < 0 || domid > DOMID_MAX)
    throw new XenstoreError(
      'ERR_XENSTORE_ARGUMENT',
      `Cannot use domid ${domid}: it is not a whole number from 0 to ${DOMID_MAX}`,
    );
  return String(domid);
}

const DOMID_MAX = 65535;
const LETTERS: Record<Access, string> = { none: 'n', read: 'r', write: 'w', both: 'b' };
const ACCESSES: Record<string, Access | undefined> = {
  n: 'none',
  r: 'read',
  w: 'write',
  b: 'both',
};
