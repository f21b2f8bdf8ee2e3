// SPDX-License-Identifier: Apache-2.0
// Runs `thaw-oci` as container engines call a runtime: exit statuses, and error messages in the log file (runc(8)).

import { appendFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Client } from '../../api/client.js';
import { describeError, errorMessage } from '../../base/errors.js';
import { parseCommandLine, type OciCommandLine } from './command-line/command-line.js';
import type { OciContainers } from './container/containers.js';
import { runCommand } from './command-line/dispatch.js';

/** Returns the words behind `thaw-oci` or `thaw oci`; undefined when the command line does not call a runtime. Pure. */
export function ociWords([name = '', first, ...rest]: readonly string[]): string[] | undefined {
  if (basename(name) === 'thaw-oci') return first === undefined ? [] : [first, ...rest];
  return first === 'oci' ? rest : undefined;
}

/** Commands that change a container. */
const CHANGES = [
  ...['create', 'start', 'run', 'kill', 'delete', 'pause', 'resume', 'exec', 'update'],
  ...['checkpoint', 'restore'],
];

/** Returns the command and the container's id, for the audit log; '' where the words cannot be understood. Pure. */
export function ociSubject(words: readonly string[]): {
  verb: string;
  id: string;
  isChange: boolean;
} {
  try {
    const { command: verb, words: rest } = parseCommandLine(words);
    return { verb, id: rest[0] ?? '', isChange: CHANGES.includes(verb) };
  } catch {
    return { verb: '', id: '', isChange: false };
  }
}

/** Resolves with the exit status: the command's own, or 1 after it writes the error to stderr and to the log file of --log. Never rejects. */
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

/** Writes the error to the file of --log in the format of --log-format. Reports a log that it cannot write on stderr. */
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
