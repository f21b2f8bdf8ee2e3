// SPDX-License-Identifier: Apache-2.0
// Hands a seccomp filter to setpriv(1), which reads it from a file: a file without a name that only root can open.

import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seccompFilter } from './filter.js';
import { POLICIES, type PolicyName } from './policies.js';
import { processorOf } from './system-calls.js';

const files = new Map<PolicyName, number>();

/** Returns a descriptor of the policy's filter, open until the process ends; undefined for a processor without one. */
export function filterFile(name: PolicyName): number | undefined {
  const open = files.get(name);
  if (open !== undefined) return open;
  const processor = processorOf(process.arch);
  if (!processor) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'thaw-filter-'));
  try {
    const path = join(folder, name);
    writeFileSync(path, seccompFilter(POLICIES[name], processor), { mode: 0o400 });
    const fd = openSync(path, 'r');
    files.set(name, fd);
    return fd;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
