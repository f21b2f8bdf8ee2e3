// SPDX-License-Identifier: Apache-2.0
// What a shim writes into the status file of a process, for whoever comes when nobody is left to tell it (docs/shim.md). Pure.

import type { ExitStatus } from '../api/wire.js';

/** Reads a shim's status file: `exited 3`, `signaled 9` or `lost REASON`. */
export function parseStatus(text: string): { exit: ExitStatus } | { reason: string } | undefined {
  const match = /^(exited|signaled|lost) (.*)$/m.exec(text);
  const [, kind, value = ''] = match ?? [];
  if (kind === 'exited') return { exit: { kind, code: Number(value) } };
  if (kind === 'signaled') return { exit: { kind, signal: Number(value) } };
  return kind === 'lost' ? { reason: value } : undefined;
}
