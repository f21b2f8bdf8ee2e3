// SPDX-License-Identifier: Apache-2.0
// Times commands, and defines the result of a measurement.

import { execFileSync } from 'node:child_process';
import type { GuestType } from '../toolstack/xen/host.js';

export type MeasureType = GuestType | 'host';
export type Unit = 'ms' | 'MiB/s' | 'KiB' | 'bytes';

/** The samples of one measured quantity, in its unit. */
export interface Samples {
  name: string;
  type: MeasureType;
  unit: Unit;
  samples: number[];
}

/** The folder in dom0 with bench/time-command and the other tools of the measurements. */
export const TOOLS = process.env['THAW_BENCH_TOOLS'] ?? '/mnt/bench';

/** Times `count` runs of a command, in ms. Throws when one fails. */
export function timeCommand(count: number, command: string[]): number[] {
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const lines = execFileSync(`${TOOLS}/time-command`, [String(count), ...command], {
    encoding: 'utf8',
    stdio,
  });
  return lines
    .trim()
    .split('\n')
    .map((line) => Number(line) / 1e6);
}

/** Times `work`, in ms. */
export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** Returns `count` results of `body`, run one after the other, after `warmUps` runs that do not count. */
export async function repeat<T>(
  count: number,
  warmUps: number,
  body: (index: number) => Promise<T>,
): Promise<T[]> {
  const results: T[] = [];
  for (let i = -warmUps; i < count; i++) {
    const result = await body(i);
    if (i >= 0) results.push(result);
  }
  return results;
}
