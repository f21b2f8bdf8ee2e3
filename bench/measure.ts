// SPDX-License-Identifier: Apache-2.0
// What a measurement gives, and how commands are timed.

import { execFileSync } from 'node:child_process';
import type { GuestType } from '../toolstack/xen/host.js';

export type MeasureType = GuestType | 'host';
export type Unit = 'ms' | 'MiB/s' | 'KiB' | 'bytes';

/** One figure's samples, in its unit. */
export interface Samples {
  name: string;
  type: MeasureType;
  unit: Unit;
  samples: number[];
}

/** Where bench/time-command and what else the measurements use lies in dom0. */
export const TOOLS = process.env['THAW_BENCH_TOOLS'] ?? '/mnt/bench';

/** How long a command takes, `count` times, in ms. Throws when one fails. */
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

/** How long `work` takes, in ms. */
export async function timeMs(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

/** `count` results of `body`, one after the other, after `warmUps` that do not count. */
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
