// SPDX-License-Identifier: Apache-2.0
// A supervisor such as systemd holds thawd's socket: commands that arrive while no thawd is ready wait for the next one.

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import { launch } from '../support/shim/launch.js';
import { makeProgram } from '../support/programs.js';
import { until, within } from '../support/within.js';

const THAWD = fileURLToPath(new URL('../support/shim/given-thawd.js', import.meta.url));

interface Found {
  code?: string;
  pid: number;
  given?: number;
  left: string[];
  sockets: string[];
}

interface Held {
  path: string;
  /** The report of the next thawd. */
  found: () => Promise<Found>;
  /** Lets each thawd serve. */
  go: () => void;
  holder: ChildProcess;
}

interface HoldOptions {
  mode?: string;
  count?: string;
  /** The path at which thawd expects its socket, if it differs from the held one. */
  wants?: string;
}

function hold(t: ExecutionContext, { mode = '600', count = '1', wants }: HoldOptions = {}): Held {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-given-'));
  const path = join(folder, 'thawd.sock');
  const program = join(makeProgram('test/fixtures'), 'socket-holder');
  const holder = spawn(program, [path, mode, count, process.execPath, THAWD, wants ?? path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => {
    holder.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const lines = createInterface({ input: holder.stdout })[Symbol.asyncIterator]();
  const found = async (): Promise<Found> => {
    const line = await within(60_000, 'a thawd to start', () => lines.next());
    return JSON.parse(String(line.value)) as Found;
  };
  return { path, found, go: () => writeFileSync(`${path}.go`, ''), holder };
}

test('a command that comes before thawd is ready is answered when it is', async (t) => {
  const { path, found, go } = hold(t);
  await until('the socket is there', () => existsSync(path));
  const early = launch(t, path, { args: ['ps', '--quiet'] });
  const { given, left } = await found();
  t.is(given, 3);
  t.deepEqual(left, [], 'no child takes the variables for its own');
  t.is(early.child.exitCode, null);
  go();
  t.is(await early.ended(60_000), 0);
  t.not(early.stdout.toString(), '');
});

test('the socket is no other program’s', async (t) => {
  const { found } = hold(t);
  t.deepEqual((await found()).sockets, []);
});

test('a command that comes when thawd was killed is answered by the next', async (t) => {
  const { path, found, go } = hold(t);
  const first = await found();
  process.kill(first.pid, 'SIGSTOP');
  const between = launch(t, path, { args: ['ps', '--quiet'] });
  process.kill(first.pid, 'SIGKILL');
  const second = await found();
  t.not(second.pid, first.pid);
  go();
  t.is(await between.ended(60_000), 0);
});

for (const [title, options, code] of [
  ['another path', { wants: '/run/thaw-test/other.sock' }, 'ERR_GIVEN_SOCKET'],
  ['a socket that everybody may connect to', { mode: '666' }, 'ERR_GIVEN_SOCKET'],
  ['more than one descriptor', { count: '2' }, 'ERR_GIVEN_SOCKET'],
] as const) {
  test(`${title} is refused`, async (t) => {
    const { found, holder } = hold(t, options);
    t.is((await found()).code, code);
    await until('the holder has ended', () => holder.exitCode !== null);
    t.is(holder.exitCode, 1);
  });
}

test('a socket for a group, which only an administrator can have meant, is served', async (t) => {
  const { found } = hold(t, { mode: '660' });
  t.is((await found()).given, 3);
});
