// SPDX-License-Identifier: Apache-2.0
// Reads the limits in linux.resources that thaw enforces: the size of the domain, and the number of processes. Pure.

import { defined } from '../../../base/defined.js';
import type { JsonObject } from './fields.js';
import type { OciLimits } from '../container/record.js';

/** The kernel's default (cgroup-v2.rst, cpu.max). */
const DEFAULT_PERIOD_US = 100_000;

/** Returns the limits of a linux.resources that its schema took. A number that is not above 0 is no limit. */
export function limitsOf(resources: JsonObject): OciLimits {
  return numbers(resources, (value) => (value > 0 ? value : undefined));
}

/** Returns the limits that an update changes: Infinity, from a number below 0, takes a limit away; 0 changes nothing. */
export function changesOf(resources: JsonObject): OciLimits {
  return numbers(resources, (value) => (value > 0 ? value : value < 0 ? Infinity : undefined));
}

function numbers(resources: JsonObject, read: (value: number) => number | undefined): OciLimits {
  const part = (name: string): JsonObject => (resources[name] ?? {}) as JsonObject;
  const figure = (value: unknown): number | undefined =>
    typeof value === 'number' ? read(value) : undefined;
  const memoryBytes = figure(part('memory')['limit']);
  const { quota, period } = part('cpu');
  const share = figure(quota);
  const periodUs = typeof period === 'number' && period > 0 ? period : DEFAULT_PERIOD_US;
  const pids = figure(part('pids')['limit']);
  return {
    ...defined({ memoryBytes }),
    ...(share === undefined ? {} : { cpus: share / periodUs }),
    ...defined({ pids }),
  };
}
