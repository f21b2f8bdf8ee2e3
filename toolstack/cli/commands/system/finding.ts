// SPDX-License-Identifier: Apache-2.0
// Defines the result of one check of thaw doctor.

export interface Finding {
  what: string;
  state: 'ok' | 'missing' | 'warning';
  detail: string;
  /** A command that repairs the problem. */
  remedy?: string;
}
