// SPDX-License-Identifier: Apache-2.0
// What of linux.resources thaw has for a container: the size of its domain, and the number of its processes. Pure.

import { object, type JsonObject } from './fields.js';
import type { OciLimits } from '../container/record.js';

/** The kernel's (cgroup-v2.rst, cpu.max). */
const DEFAULT_PERIOD_US = 100_000;

/** Throws ERR_OCI_CONFIG. What is not above 0 is no limit. */
export function limitsOf(resources: JsonObject): OciLimits {
  return figures(resources, (value) => (value > 0 ? value : undefined));
}

/** What of an update changes a limit: Infinity takes it away, as a number below 0 says; 0 changes nothing. Throws ERR_OCI_CONFIG. */
export function changesOf(resources: JsonObject): OciLimits {
  return figures(resources, (value) => (value > 0 ? value : value < 0 ? Infinity : undefined));
}

function figures(resources: JsonObject, read: (value: number) => number | undefined): OciLimits {
  const part = (name: string): JsonObject =>
    object(resources[name] ?? {}, `linux.resources.${name}`);
  const figure = (value: unknown): number | undefined =>
    typeof value === 'number' ? read(value) : undefined;
  const memoryBytes = figure(part('memory')['limit']);
  const { quota, period } = part('cpu');
  const share = figure(quota);
  const periodUs = typeof period === 'number' && period > 0 ? period : DEFAULT_PERIOD_US;
  const pids = figure(part('pids')['limit']);
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(share === undefined ? {} : { cpus: share / periodUs }),
    ...(pids === undefined ? {} : { pids }),
  };
}
