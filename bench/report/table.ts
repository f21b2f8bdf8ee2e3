// SPDX-License-Identifier: Apache-2.0
// Prints the results as a table: a line each, with the ratio to every peer measured in the same unit.

import type { Result } from './results.js';

const PEERS = ['crun.run', 'podman.run', 'xl.create', 'xl.restore'];

export function table(results: readonly Result[]): string {
  const peers = PEERS.filter((name) => results.some((result) => result.name === name));
  const head = [
    'figure',
    'type',
    'median',
    'min',
    'max',
    'n',
    'unit',
    ...peers.map((p) => `/${p}`),
  ];
  const rows = results.map((result) => [
    ...[result.name, result.type, text(result.median), text(result.min), text(result.max)],
    ...[String(result.n), result.unit],
    ...peers.map((peer) => ratio(result, results, peer)),
  ]);
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Returns the ratio to a peer of the same type, or of the host. */
function ratio(result: Result, results: readonly Result[], name: string): string {
  const peer = results.find(
    (other) => other.name === name && (other.type === 'host' || other.type === result.type),
  );
  if (peer === undefined || result.unit !== 'ms') return '';
  return (result.median / peer.median).toFixed(2);
}

function text(value: number): string {
  return value >= 1000 ? String(Math.round(value)) : value.toPrecision(3);
}
