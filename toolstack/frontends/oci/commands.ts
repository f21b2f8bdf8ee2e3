// SPDX-License-Identifier: Apache-2.0
// `thaw-oci`, as engines call a runtime: with which status it ends, and where its errors go (runc(8)).

import { appendFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Client } from '../../api/client.js';
import { describeError, errorMessage } from '../../base/errors.js';
import { parseCommandLine, type OciCommandLine } from './command-line/command-line.js';
import type { OciContainers } from './container/containers.js';
import { runCommand } from './command-line/run-command.js';

/** The words behind `thaw-oci`, or `thaw oci`; undefined when the command line is none of a runtime. Pure. */
export function ociWords([name = '', first, ...rest]: readonly string[]): string[] | undefined {
  if (basename(name) === 'thaw-oci') return first === undefined ? [] : [first, ...rest];
  return first === 'oci' ? rest : undefined;
}

/** Resolves with the exit status: that of the command, or 1 with the error on stderr and in the log file that was named. Never rejects. */
export async function runOci(
  words: readonly string[],
  client: Client,
  containers: OciContainers,
): Promise<number> {
  let line: OciCommandLine | undefined;
  try {
    line = parseCommandLine(words);
    return (await runCommand(line, client, containers)) ?? 0;
  } catch (error) {
    client.err(`thaw-oci: ${describeError(error)}\n`);
    if (line) await logError(line.global, client, error);
    return 1;
  }
}

/** For the engine, in the format it asked for. A log that cannot be written is said on stderr. */
async function logError(
  global: Record<string, string>,
  client: Client,
  error: unknown,
): Promise<void> {
  if (global['log'] === undefined) return;
  const message = describeError(error);
  const time = new Date().toISOString();
  const line =
    global['log-format'] === 'json'
      ? JSON.stringify({ level: 'error', msg: message, time })
      : `time="${time}" level=error msg=${JSON.stringify(message)}`;
  await appendFile(resolve(client.cwd, global['log']), `${line}\n`).catch((cause: unknown) =>
    client.err(`thaw-oci: Cannot write the log: ${errorMessage(cause)}\n`),
  );
}
