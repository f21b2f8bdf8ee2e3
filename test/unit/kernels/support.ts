// SPDX-License-Identifier: Apache-2.0
// Runs a program of kernels/ as the build scripts do, and returns its output.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionContext } from 'ava';

/** The tree's kernels/ folder; tests run from dist/, which mirrors the tree. */
export const kernels = path.resolve(import.meta.dirname, '../../../../kernels');

/** The result of a finished program: its exit status and both outputs. */
export interface Outcome {
  status: number | null;
  stdout: Buffer;
  stderr: string;
}

/** Runs kernels/NAME with arguments and waits for its end. */
export function run(name: string, ...args: string[]): Outcome {
  const result = spawnSync(path.join(kernels, name), args, { timeout: 30_000 });
  if (result.error) throw result.error;
  return { status: result.status, stdout: result.stdout, stderr: result.stderr.toString() };
}

/** Writes files into a folder that is removed with the test. Returns a function from a file's name to its path. */
export function files(
  t: ExecutionContext,
  contents: Record<string, string | Buffer>,
): (name: string) => string {
  const folder = mkdtempSync(path.join(tmpdir(), 'thaw-kernels-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, content] of Object.entries(contents))
    writeFileSync(path.join(folder, name), content);
  return (name) => path.join(folder, name);
}
