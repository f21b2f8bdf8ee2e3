// SPDX-License-Identifier: Apache-2.0
// An engine that calls the launcher to create a container, and the result in dom0: a stand-in, attached to a real shim.

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { FakeThawd, type FakeSession } from './fake-thawd.js';
import { CHECKED_ENV, programs } from '../programs.js';
import { Sandbox } from './sandbox.js';
import { until, within } from '../within.js';

export const [FED, TTY] = [1, 2];

/** Like an engine's monitor: waits for the processes that it started or inherited, and prints each wait status. */
const REAPER = `syscall(157, 36, 1, 0, 0, 0) == 0 or die; $| = 1;
  my $first = fork() // die; if (!$first) { exec @ARGV; die }
  while ((my $pid = wait()) > 0) { print STDERR $pid == $first ? "first" : "left $pid", " $?\\n" }`;

export interface Called {
  child: ChildProcess;
  sandbox: Sandbox;
  session: FakeSession;
  root: string;
  said: () => string;
  fed: () => string;
}

/** Starts an engine that called the launcher, and a process that its shim expects. */
export async function called(t: ExecutionContext, flags = FED): Promise<Called> {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  const root = join(sandbox.dir, 'root');
  mkdirSync(root);
  writeFileSync(join(root, 'here'), 'yes');
  const child = spawn('perl', ['-e', REAPER, programs().thawChecked, 'oci', 'create', 'one'], {
    env: { ...process.env, ...CHECKED_ENV, THAW_SOCKET: thawd.path },
  });
  t.teardown(() => {
    thawd.kill();
    child.kill('SIGKILL');
  });
  let [said, fed] = ['', ''];
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => (fed += chunk.toString()));
  child.stdin.on('error', () => undefined);
  const session = await thawd.session();
  await sandbox.expect(1, flags);
  return { child, sandbox, session, root, said: () => said, fed: () => fed };
}

export type Wishes = Partial<Record<'shim' | 'root' | 'network' | 'cgroup' | 'console', string>>;

export function wish({ sandbox, root: own }: Called, wishes: Wishes): string[] {
  const { shim = sandbox.socket, root = own, network = '', cgroup = '', console = '' } = wishes;
  return [shim, root, network, cgroup, console];
}

/** Returns the stand-in's pid, once its launcher has ended. */
export async function left(all: Called, flags = FED, others: Wishes = {}): Promise<number> {
  const pid = await all.session.standIn(1, flags, wish(all, others));
  if (typeof pid === 'string') throw new Error(pid);
  all.session.done(0);
  await until('the launcher ended', () => all.said().includes('first 0\n'));
  return pid;
}

export const ended = ({ child }: Called) =>
  within(20_000, 'the last to end', () => once(child, 'close'));
