// SPDX-License-Identifier: Apache-2.0
// `thaw-oci`, as engines call a runtime: what each command prints, and with which status it ends (runc(8)).

import { appendFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { Client } from '../api/client.js';
import { describeError, errorMessage } from '../base/errors.js';
import { signalNumber } from '../base/signals.js';
import { VERSION } from '../base/version.js';
import { COMMANDS, parseCommandLine, type OciCommandLine } from './command-line.js';
import { readConfig } from './config.js';
import type { OciContainers } from './containers.js';
import { OciError } from './errors.js';
import { processWith, readProcess, type ExecOptions } from './process.js';
import type { OciRecord } from './record.js';

/** Where containers are whose engine names no root. */
const DEFAULT_ROOT = '/run/thaw/oci';
const SPEC_VERSION = '1.2.0';

/** The words behind `thaw-oci`, or `thaw oci`; undefined when the command line is none of a runtime. Pure. */
export function ociWords([name = '', first, ...rest]: readonly string[]): string[] | undefined {
  if (basename(name) === 'thaw-oci') return first === undefined ? [] : [first, ...rest];
  return first === 'oci' ? rest : undefined;
}

/** Resolves with the exit status: 0, or 1 with the error on stderr and in the log file that was named. Never rejects. */
export async function runOci(
  words: readonly string[],
  client: Client,
  containers: OciContainers,
): Promise<number> {
  let line: OciCommandLine | undefined;
  try {
    line = parseCommandLine(words);
    await run(line, client, containers);
    return 0;
  } catch (error) {
    client.err(`thaw-oci: ${describeError(error)}\n`);
    if (line) await logError(line.global, client, error);
    return 1;
  }
}

async function run(
  { command, global, options, lists, words }: OciCommandLine,
  client: Client,
  containers: OciContainers,
): Promise<void> {
  const root = resolve(client.cwd, global['root'] ?? DEFAULT_ROOT);
  const [id = '', word] = words;
  const path = (name: string): string =>
    options[name] === undefined ? '' : resolve(client.cwd, options[name]);
  switch (command) {
    case 'create':
      return containers.create(
        {
          ...{ id, root, bundle: resolve(client.cwd, options['bundle'] ?? '.') },
          ...{ pidFile: path('pid-file'), consoleSocket: path('console-socket') },
        },
        client,
      );
    case 'exec': {
      const { record } = containers.find(root, id);
      const process =
        options['process'] === undefined
          ? processWith(
              (await readConfig(record.bundle)).process,
              execOptions(options, lists, words),
            )
          : await readProcess(path('process'));
      const detach = options['detach'] !== undefined;
      const files = { pidFile: path('pid-file'), consoleSocket: path('console-socket') };
      return containers.exec(root, id, { process, detach, ...files }, client);
    }
    case 'start':
      return containers.start(root, id);
    case 'kill':
      return containers.kill(root, id, parseSignal(word ?? 'SIGTERM'));
    case 'delete':
      return containers.delete(root, id, options['force'] !== undefined);
    case 'state':
      client.out(`${JSON.stringify(stateOf(containers.find(root, id).record), null, 2)}\n`);
      return;
    case 'list':
      client.out(listOf(containers.list(root), options));
      return;
    case 'version':
      client.out(`thaw-oci version ${VERSION}\nspec: ${SPEC_VERSION}\n`);
      return;
    default:
      client.out(
        `Usage: thaw-oci [--root DIR] [--log FILE] COMMAND\n\nCommands: ${Object.keys(COMMANDS).join(', ')}\n`,
      );
  }
}

function execOptions(
  options: Record<string, string>,
  { env = [], cap = [], 'additional-gids': gids = [] }: Record<string, string[]>,
  [, ...args]: readonly string[],
): ExecOptions {
  return {
    ...{ args, tty: options['tty'] !== undefined, cwd: options['cwd'], user: options['user'] },
    ...{ env, caps: cap, gids, noNewPrivileges: options['no-new-privs'] !== undefined },
  };
}

/** Throws ERR_USAGE. */
function parseSignal(text: string): number {
  const number = signalNumber(text);
  if (number !== undefined) return number;
  throw new OciError('ERR_USAGE', `unknown signal "${text}"`);
}

/** As runc prints it; what it must have is in the specification (runtime.md, State). */
export function stateOf({
  ociVersion,
  id,
  pid,
  state,
  bundle,
  sandbox,
  created,
  annotations,
}: OciRecord): object {
  return {
    ...{ ociVersion, id, pid: state === 'stopped' ? 0 : pid, status: state, bundle },
    rootfs: sandbox.files?.[0]?.path ?? '',
    created: new Date(created).toISOString(),
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    owner: '',
  };
}

function listOf(records: OciRecord[], { quiet, format = 'table' }: Record<string, string>): string {
  if (quiet !== undefined) return records.map(({ id }) => `${id}\n`).join('');
  if (format === 'json') return `${JSON.stringify(records.map(stateOf))}\n`;
  if (format !== 'table')
    throw new OciError('ERR_USAGE', `invalid format "${format}": table and json are allowed`);
  const rows = records.map(({ id, pid, state, bundle, created }) => [
    ...[id, String(state === 'stopped' ? 0 : pid), state, bundle],
    ...[new Date(created).toISOString(), 'root'],
  ]);
  const all = [['ID', 'PID', 'STATUS', 'BUNDLE', 'CREATED', 'OWNER'], ...rows];
  const widths =
    all[0]?.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0))) ?? [];
  return all
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd((widths[column] ?? 0) + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
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
