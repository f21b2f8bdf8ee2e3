// SPDX-License-Identifier: Apache-2.0
// Formats the output of list. Pure.

import { OciError } from '../errors.js';
import type { OciRecord } from '../container/record.js';
import { statusOf } from '../container/status.js';
import { stateOf } from './state.js';

/** Returns the output of list in `format`. Throws ERR_USAGE for an unknown format. */
export function listOf(
  records: OciRecord[],
  { quiet, format = 'table' }: Record<string, string>,
): string {
  if (quiet !== undefined) return records.map(({ id }) => `${id}\n`).join('');
  if (format === 'json') return `${JSON.stringify(records.map((record) => stateOf(record)))}\n`;
  if (format !== 'table')
    throw new OciError('ERR_USAGE', `invalid format "${format}": table and json are allowed`);
  const rows = records.map(({ id, pid, state, bundle, created }) => [
    ...[id, String(statusOf(state) === 'stopped' ? 0 : pid), statusOf(state), bundle],
    ...[new Date(created).toISOString(), 'root'],
  ]);
  const all = [['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'], ...rows];
  const widths =
    all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}
