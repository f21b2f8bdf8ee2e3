// SPDX-License-Identifier: Apache-2.0
// What of linux.resources thaw has for a container: the size of its domain, and the number of its processes. Pure.

import { object, type JsonObject } from './config-fields.js';
import type { OciLimits } from './record.js';

/** The kernel's (cgroup-v2.rst, cpu.max). */
const DEFAULT_PERIOD_US = 100_000;

/** Throws ERR_OCI_CONFIG. What is not above 0 is no limit. */
export function limitsOf(resources: JsonObject): OciLimits {
  const part = (name: string): JsonObject =>
    object(resources[name] ?? {}, `linux.resources.${name}`);
  const memoryBytes = above0(part('memory')['limit']);
  const { quota, period } = part('cpu');
  const share = above0(quota);
  const cpus = share === undefined ? undefined : share / (above0(period) ?? DEFAULT_PERIOD_US);
  const pids = above0(part('pids')['limit']);
  return {
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(cpus === undefined ? {} : { cpus }),
    ...(pids === undefined ? {} : { pids }),
  };
}

function above0(value: unknown): number | undefined {
  return typeof value === 'number' && value > 0 ? value : undefined;
}
