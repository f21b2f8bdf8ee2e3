// SPDX-License-Identifier: Apache-2.0
// Runs xl console as at a terminal.

import { spawn } from 'node:child_process';

/** True when it attaches to the domain's console and stays attached until it is ended. */
export async function consoleOpens(name: string): Promise<boolean> {
  const child = spawn('script', ['-qec', `xl console ${name}`, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve('ended')));
  const stays = await Promise.race([
    ended,
    new Promise<string>((resolve) => setTimeout(() => resolve('attached'), 3000)),
  ]);
  child.stdin.write('\x1d');
  await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000))]);
  child.kill('SIGKILL');
  return stays === 'attached';
}
