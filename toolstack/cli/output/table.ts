// SPDX-License-Identifier: Apache-2.0
// Shows lists in columns as wide as their widest entry, or as JSON for programs.

/** Pads each column but the last to its widest cell, with three spaces between columns. */
export function formatTable(head: string[], rows: string[][]): string {
  const widths = head.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const line = (row: string[]): string =>
    row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0))).join('   ');
  return [head, ...rows].map((row) => `${line(row).trimEnd()}\n`).join('');
}

export function formatJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
