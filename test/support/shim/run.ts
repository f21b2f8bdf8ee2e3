// SPDX-License-Identifier: Apache-2.0
// Starts the whole path of one `thaw run` in a test: launcher, fake thawd, real shim, fake agent, one process.

import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { FakeProcess } from '../agent/fake-process.js';
import { FakeThawd, type FakeSession } from './fake-thawd.js';
import { launch, type Launched, type LaunchOptions } from './launch.js';
import { Sandbox, type SandboxOptions } from './sandbox.js';

export interface Run {
  sandbox: Sandbox;
  thawd: FakeThawd;
  session: FakeSession;
  launched: Launched;
  process: FakeProcess;
}

export interface RunOptions {
  launch?: LaunchOptions;
  sandbox?: SandboxOptions;
  /** enum thaw_process_flag; default 1 (stdin). */
  flags?: number;
  /** Flags of the JOIN alone. */
  joinFlags?: number;
  /** Make the process begin (default), so that the launcher learns of it. */
  begun?: boolean;
}

/** Starts the whole path; the process has begun when this resolves. */
export async function startRun(t: ExecutionContext, options: RunOptions = {}): Promise<Run> {
  const flags = options.flags ?? 1;
  const sandbox = await Sandbox.start(t, options.sandbox);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  const launched = launch(t, thawd.path, options.launch);
  const session = await thawd.session();
  await sandbox.expect(1, flags);
  await session.join(1, flags | (options.joinFlags ?? 0), sandbox.socket);
  const process = sandbox.agent.begin(1, (flags & 1) !== 0, options.begun ?? true);
  return { sandbox, thawd, session, launched, process };
}
