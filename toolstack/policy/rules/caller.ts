// SPDX-License-Identifier: Apache-2.0
// The user behind a connection, by the kernel's word.

/** Credentials of the process that connected, at the time of its connect(2). */
export interface Caller {
  uid: number;
  gid: number;
  /** Supplementary groups. */
  groups: readonly number[];
  pid: number;
}

/** Returns true for the user that no rule limits, unless a rule names it. */
export function isRoot({ uid }: Pick<Caller, 'uid'>): boolean {
  return uid === 0;
}

/** Returns true where the group is the caller's own or a supplementary one. */
export function isInGroup({ gid, groups }: Caller, wanted: number): boolean {
  return gid === wanted || groups.includes(wanted);
}
