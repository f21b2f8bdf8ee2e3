// SPDX-License-Identifier: Apache-2.0
// Reads the report of a file server that attacks dom0 (test/support/shim/probe.c).

import { existsSync, readFileSync } from 'node:fs';
import type { ExecutionContext } from 'ava';

/** True once the probe has written its last line. */
export function isWhole(path: string): boolean {
  return existsSync(path) && /^end$/m.test(readFileSync(path, 'utf8'));
}

/** Fails if any attempt reached dom0, or if the server has other descriptors than `expected`: names with N for each number. */
export function checkReport(t: ExecutionContext, path: string, expected: string[]): void {
  const lines = readFileSync(path, 'utf8').trim().split('\n').slice(0, -1);
  const attempts = lines.filter((line) => !line.startsWith('descriptor '));
  t.true(attempts.length > 50, `${attempts.length} attempts`);
  t.deepEqual(
    attempts.filter((line) => line.endsWith(': reached')),
    [],
  );
  const descriptors = lines
    .filter((line) => line.startsWith('descriptor '))
    .map((line) => line.replace(/^descriptor /, '').replace(/\d+/g, 'N'));
  t.deepEqual([...new Set(descriptors)].sort(), expected);
}
