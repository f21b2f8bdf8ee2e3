// SPDX-License-Identifier: Apache-2.0
// thaw run -it in a real terminal: the container has a terminal of the same size, and the caller's is restored afterwards.

import { spawn } from 'node:child_process';
import test from 'ava';
import { once } from '../../support/once.js';
import { busybox, guestType, run } from '../../support/dom0/thaw.js';

/** Runs a shell line with a pseudo-terminal as all three of its descriptors. Resolves with the text on that terminal. */
function inTerminal(line: string): Promise<string> {
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: '/root',
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(text.replaceAll('\r', '')));
  });
}

test.serial('the container has a terminal of the size of the caller’s', async (t) => {
  t.timeout(300_000);
  const inner = `sh -c 'test -t 0 && test -t 1 && echo yes; stty size; exit 5'`;
  const line = `stty rows 33 cols 101; thaw run --rm -it --type ${guestType} ${busybox} ${inner}; echo "status $?"; stty -a`;
  const text = await inTerminal(line);
  t.regex(text, /^yes$/m);
  t.regex(text, /^33 101$/m);
  t.regex(text, /^status 5$/m);
  t.regex(text, / icanon.* echo /s, 'canonical mode and echo are on again');
});

once('-t with a standard input that is no terminal is refused', async (t) => {
  const { status, stderr } = await run(['-it', busybox, 'true'], { input: 'x' });
  t.is(status, 2);
  t.regex(stderr, /^thaw: Cannot use --tty with --interactive: [^\n]+\n$/);
});
