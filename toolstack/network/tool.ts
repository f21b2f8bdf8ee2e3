// SPDX-License-Identifier: Apache-2.0
// Runs the programs that configure a kernel's network, with a deadline. Errors quote the program's standard error.

import { spawn, type ChildProcess } from 'node:child_process';
import { defined } from '../base/defined.js';
import { withDeadline } from '../base/deadline.js';
import { errorCode } from '../base/errors.js';
import { printable } from '../base/text.js';
import { NetworkError } from './errors.js';

const TOOL_MS = 30_000;
const OUTPUT_MAX = 1024 * 1024;
const PACKAGES: Record<string, string> = {
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  umount: 'mount',
  sysctl: 'procps',
  iptables: 'iptables',
};

export interface ToolEnd {
  /** Null for a program that a signal ended. */
  status: number | null;
  /** Standard output. */
  printed: string;
  /** The end of standard error. */
  said: string;
}

/** Runs a program to its end, and resolves also for a failed one. Rejects with ERR_TIMEOUT, and as spawn() does. */
export async function runToEnd(
  tool: string,
  args: string[],
  {
    input = '',
    env,
    mostMs = TOOL_MS,
  }: { input?: string; env?: NodeJS.ProcessEnv; mostMs?: number },
): Promise<ToolEnd> {
  const child: ChildProcess = spawn(tool, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...defined({ env }),
  });
  // Before all other handlers: a failed spawn() emits only an error.
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  ended.catch(() => undefined);
  let [printed, said] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => {
    if (printed.length < OUTPUT_MAX) printed += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2000)));
  // A program that ends before it has read all input gives the reason on standard error.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  try {
    const status = await withDeadline(ended, mostMs, `${tool} does not end`);
    return { status, printed, said };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Resolves with the program's standard output. Rejects with ERR_NETWORK_TOOL, which quotes its standard error. */
export async function runTool(tool: string, args: string[], input = ''): Promise<string> {
  const { status, printed, said } = await runToEnd(tool, args, { input }).catch(
    (error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error;
      throw new NetworkError(
        'ERR_NETWORK_TOOL',
        `Cannot run ${tool}: install it with apt install ${PACKAGES[tool] ?? 'iproute2'}`,
      );
    },
  );
  if (status === 0) return printed;
  throw new NetworkError(
    'ERR_NETWORK_TOOL',
    `${tool} ${args.join(' ')} ended with status ${status}: ${printable(said, 500)}`,
  );
}

/** Runs a program inside the network namespace at `path`, with dom0's files. Resolves and rejects as runTool() does. */
export function inNamespace(path: string, words: string[], input = ''): Promise<string> {
  return runTool('nsenter', [`--net=${path}`, ...words], input);
}
