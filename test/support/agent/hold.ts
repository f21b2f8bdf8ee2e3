// SPDX-License-Identifier: Apache-2.0
// Holds a container in tests of the agent: makes a cgroup where crun makes none, takes leave on the data channel, and wakes the agent.

import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentType } from '../../../toolstack/agent/wire.js';
import { encodeHold } from '../../../toolstack/agent/wire-process.js';
import { ApiType } from '../../../toolstack/api/wire.js';
import type { TestAgent } from './agent.js';
import { until, within } from '../within.js';

const ROOT = '/sys/fs/cgroup/unified';

/** Moves all children of the agent into a cgroup of their own; returns a function that removes it. */
export function giveCgroup(agent: TestAgent): () => void {
  const folder = join(ROOT, `thaw-test-${agent.pid}`);
  mkdirSync(folder);
  for (const pid of childrenOf(agent.pid)) {
    try {
      writeFileSync(join(folder, 'cgroup.procs'), pid);
    } catch {
      // The process has ended meanwhile.
    }
  }
  return () => {
    try {
      rmdirSync(folder);
    } catch {
      // A process that is still ending keeps the cgroup. Its name has the agent's pid, so no other test needs the name.
    }
  };
}

function childrenOf(pid: number | string): string[] {
  let own: string[] = [];
  try {
    own = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
  } catch {
    // The process has ended since its parent was asked.
  }
  return own.filter((child) => child !== '').flatMap((child) => [child, ...childrenOf(child)]);
}

export async function hold(agent: TestAgent, container: string): Promise<void> {
  await agent.request(AgentType.HOLD, encodeHold(container));
}

/** Sends LEAVE to the agent as a shim does, waits for the answer, then closes the connection. */
export async function leave(agent: TestAgent): Promise<void> {
  const { data } = agent;
  const pass = data.onFrame;
  const answer = new Promise<void>((resolve) => {
    data.onFrame = (frame) => (frame.type === ApiType.LEAVE ? resolve() : pass?.(frame));
  });
  data.send(ApiType.LEAVE, 0, 0);
  await within(10_000, 'the answer to LEAVE', () => answer);
  data.close();
}

/** Releases a held agent, waits for the freeze, and wakes it by writing `wake`. */
export async function freezeHeld(agent: TestAgent, wake: string): Promise<void> {
  await leave(agent);
  agent.control.close();
  await until('it is frozen', () => agent.state() === 'frozen');
  writeFileSync(join(agent.folder, 'store', 'wake'), wake);
  await agent.connectControl();
  await agent.connectData();
}
