// SPDX-License-Identifier: Apache-2.0
// Who may read and write a node: entries such as `n0` and `r7`, the first of which names the owner and everyone else's access.

import { XenstoreError } from './errors.js';

export type Access = 'none' | 'read' | 'write' | 'both';

/** One entry. In the first one `domid` owns the node and `access` is what domains without an entry of their own get. */
export interface Permission {
  readonly domid: number;
  readonly access: Access;
}

/** A list in the order xenstored wants: owner first, then what single domains may do. */
export function permissions(
  owner: number,
  others: Access,
  ...entries: readonly Permission[]
): Permission[] {
  return [{ domid: owner, access: others }, ...entries];
}

/** `r7`. Throws ERR_XENSTORE_ARGUMENT for a domid that is none. */
export function encodePermission(permission: Permission): string {
  return LETTERS[permission.access] + encodeDomid(permission.domid);
}

/** The entry that a string such as `r7` stands for; undefined when it is none. */
export function decodePermission(text: string): Permission | undefined {
  const match = /^([nrwb])(\d{1,5})$/.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const domid = Number(match[2]);
  const access = ACCESSES[match[1]];
  return access === undefined || domid > DOMID_MAX ? undefined : { domid, access };
}

/** A domid in decimal. Throws ERR_XENSTORE_ARGUMENT when it is none. */
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
