// SPDX-License-Identifier: Apache-2.0
// How a CNI plugin is run (CNI specification 1.0.0, section 2): a program that reads its configuration and prints a result or an error.

import { access, constants, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../../../base/deadline.js';
import { printable } from '../../../base/text.js';
import { NetworkError } from '../../errors.js';
import { runToEnd } from '../../tool.js';

/** What its environment says, apart from CNI_PATH. */
export interface PluginCall {
  command: 'ADD' | 'DEL';
  containerId: string;
  /** The path of a network namespace; '' for one that is gone. */
  namespace: string;
  interfaceName: string;
}

/** One that asks a DHCP server may wait for it. */
const PLUGIN_MS = 60_000;

/**
 * Resolves with what it printed: its result for ADD, undefined for DEL. `folders` are looked through in order. Rejects with ERR_NETWORK_CNI,
 * which has the plugin's own words, and ERR_TIMEOUT.
 */
export async function runPlugin(
  folders: readonly string[],
  type: string,
  { command, containerId, namespace, interfaceName }: PluginCall,
  config: object,
): Promise<unknown> {
  const program = await findPlugin(folders, type);
  const env = {
    ...{ PATH: process.env['PATH'] ?? '', CNI_COMMAND: command, CNI_CONTAINERID: containerId },
    ...{ CNI_NETNS: namespace, CNI_IFNAME: interfaceName, CNI_PATH: folders.join(':') },
    CNI_ARGS: 'IgnoreUnknown=1',
  };
  const input = JSON.stringify(config);
  const { status, printed, said } = await runToEnd(program, [], { input, env, mostMs: PLUGIN_MS });
  if (status !== 0) throw failure(type, command, whyOf(printed) ?? said);
  if (command === 'DEL') return undefined;
  const result = parsed(printed);
  if (typeof result !== 'object' || result === null)
    throw failure(type, command, `it printed no result: ${printed}`);
  return result;
}

/**
 * Ends all that still works on that place: plugins, and those that they have called, whose thawd was killed, or that took too long. Resolves when they
 * are gone, or after some seconds.
 */
export async function endPlugins(containerId: string): Promise<void> {
  const until = performance.now() + END_MS;
  // One that is just becoming another program has no environment to be seen by.
  for (let looks = 0; looks < 2 && performance.now() < until;) {
    const pids = await pluginsOf(containerId);
    looks = pids.length === 0 ? looks + 1 : 0;
    for (const pid of pids)
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    await sleep(LOOK_MS);
  }
}

const END_MS = 10_000;
const LOOK_MS = 20;

/** By their environment, which those that they call inherit. */
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

/** The path of that program in the first of the folders that has it. Rejects with ERR_NETWORK_CNI. */
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

/** Of an error as section 5 has it. */
function whyOf(printed: string): string | undefined {
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
