// SPDX-License-Identifier: Apache-2.0
// Parses the status file of a process, which a shim writes for a thawd that comes after the shim has ended (docs/shim.md). Pure.

import { withOom, type ExitStatus } from '../../api/wire.js';

/** Parses a shim's status file: `exited 3`, `signaled 9 oom` or `lost REASON`. Returns undefined for any other text. */
export function parseStatus(text: string): { exit: ExitStatus } | { reason: string } | undefined {
  const [, lost] = /^lost (.*)$/m.exec(text) ?? [];
  if (lost !== undefined) return { reason: lost };
  const [, kind, value = '', oom] = /^(exited|signaled) (\d+)( oom)?$/m.exec(text) ?? [];
  const number = Number(value);
  if (kind === 'exited') return { exit: withOom({ kind, code: number }, oom !== undefined) };
  if (kind === 'signaled') return { exit: withOom({ kind, signal: number }, oom !== undefined) };
  return undefined;
}
