// SPDX-License-Identifier: Apache-2.0
// Turns samples into the contents of bench/results.json.

import type { MeasureType, Samples, Unit } from '../measure.js';

export interface Result {
  name: string;
  type: MeasureType;
  unit: Unit;
  median: number;
  min: number;
  max: number;
  n: number;
}

export function summarize({ name, type, unit, samples }: Samples): Result {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (index: number): number => round(sorted[index] ?? NaN);
  const middle = (sorted.length - 1) / 2;
  const median = round(
    ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2,
  );
  return { name, type, unit, median, min: at(0), max: at(sorted.length - 1), n: sorted.length };
}

/** Rounds to a microsecond or a KiB/s: smaller differences are noise. */
function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
