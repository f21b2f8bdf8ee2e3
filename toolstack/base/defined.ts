// SPDX-License-Identifier: Apache-2.0
// Objects whose absent members are not there at all, as exactOptionalPropertyTypes wants them.

/** Members whose value may be undefined are optional; all others are as they were. */
export type Defined<T> = {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
} & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** A copy without the members that are undefined. */
export function defined<T extends object>(members: T): Defined<T> {
  const found = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(found) as Defined<T>;
}
