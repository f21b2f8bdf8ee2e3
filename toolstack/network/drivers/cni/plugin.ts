// SPDX-License-Identifier: Apache-2.0
// Runs CNI plugins (CNI specification 1.0.0, section 2): programs that read their configuration and print a result or an error.

import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../../base/deadline.js';
import { printable } from '../../../base/text.js';
import { NetworkError } from '../../errors.js';
import { runToEnd } from '../../tool.js';

/** A plugin's environment, apart from CNI_PATH. */
export interface PluginCall {
  command: 'ADD' | 'DEL';
  containerId: string;
  /** The path of the network namespace; '' when it no longer exists. */
  namespace: string;
  interfaceName: string;
}

/** Long enough for a plugin that waits for a DHCP server. */
const PLUGIN_MS = 60_000;

/**
 * Runs the plugin from the first of `folders` that has it. Resolves with the plugin's result for ADD, with undefined for DEL. Rejects with
 * ERR_NETWORK_CNI, which has the plugin's message, and ERR_TIMEOUT.
 */
export async function runPlugin(
  folders: readonly string[],
  type: string,
  { command, containerId, namespace, interfaceName }: PluginCall,
  config: object,
): Promise<unknown> {
  const program = await findPlugin(folders, type);
  const env = {
    PATH: process.env['PATH'] ?? '',
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: namespace,
    CNI_IFNAME: interfaceName,
    CNI_PATH: folders.join(':'),
    CNI_ARGS: 'IgnoreUnknown=1',
  };
  const input = JSON.stringify(config);
  const { status, printed, said } = await runToEnd(program, [], { input, env, mostMs: PLUGIN_MS });
  if (status !== 0) throw failure(type, command, errorIn(printed) ?? said);
  if (command === 'DEL') return undefined;
  const result = parsed(printed);
  if (typeof result !== 'object' || result === null)
    throw failure(type, command, `it printed no result: ${printed}`);
  return result;
}

/**
 * Kills all plugins that still work on that attachment, and programs that they started, after their thawd was killed or they took too long.
 * Resolves when they have ended, or after some seconds.
 */
export async function endPlugins(containerId: string): Promise<void> {
  const until = performance.now() + END_MS;
  // A process in the middle of execve() shows no environment: look twice.
  for (let looks = 0; looks < 2 && performance.now() < until;) {
    const pids = await pluginsOf(containerId);
    looks = pids.length === 0 ? looks + 1 : 0;
    for (const pid of pids)
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // The process has ended meanwhile.
      }
    await sleep(LOOK_MS);
  }
}

const END_MS = 10_000;
const LOOK_MS = 20;

/** Finds plugins by their environment, which the programs that they start inherit. */
async function pluginsOf(containerId: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const environment = await readFile(`/proc/${name}/environ`, 'utf8').catch(() => '');
    if (environment.split('\0').includes(`CNI_CONTAINERID=${containerId}`))
      found.push(Number(name));
  }
  return found;
}

/** Resolves with the program's path in the first folder that has it. Rejects with ERR_NETWORK_CNI. */
export async function findPlugin(folders: readonly string[], type: string): Promise<string> {
  for (const folder of folders) {
    const path = join(folder, type);
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  throw new NetworkError(
    'ERR_NETWORK_CNI',
    `Cannot find CNI plugin "${type}" in ${folders.join(', ')}: install it, as with apt install containernetworking-plugins, or say where it is by cni-path in thaw.toml`,
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Returns the message of an error result (section 5). */
function errorIn(printed: string): string | undefined {
  const error = parsed(printed);
  if (typeof error !== 'object' || error === null || !('msg' in error)) return undefined;
  const details = 'details' in error && error.details !== '' ? [error.details] : [];
  return [error.msg, ...details].map(String).join(': ');
}

function failure(type: string, command: string, why: string): NetworkError {
  return new NetworkError(
    'ERR_NETWORK_CNI',
    `CNI plugin "${type}" refused ${command}: ${printable(why, 500)}`,
  );
}
