// SPDX-License-Identifier: Apache-2.0
// Shows lists in columns as wide as their widest entry, or as JSON for programs.

import { plain } from '../../base/text.js';

/** Pads each column but the last to its widest cell, with three spaces between columns. Cells may be untrusted. */
export function formatTable(head: string[], rows: string[][]): string {
  const shown = rows.map((row) => row.map((cell) => plain(cell)));
  const widths = head.map((title, i) =>
    Math.max(title.length, ...shown.map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: string[]): string =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('   ');
  return [head, ...shown].map((row) => `${line(row).trimEnd()}\n`).join('');
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
