// SPDX-License-Identifier: Apache-2.0
// What is asked of an agent for a container whose root filesystem it has, each with the deadline that it may take.

import { sleep } from '../../base/deadline.js';
import { errorCode } from '../../base/errors.js';
import type { AgentLink } from '../../agent/link.js';
import { AgentType } from '../../agent/wire.js';
import { encodeUnmount } from '../../agent/wire-guest.js';
import {
  encodeArchive,
  encodeBegin,
  encodeExec,
  encodeLimit,
  encodeStart,
  type ArchiveRequest,
  type BeginRequest,
  type ExecRequest,
  type LimitRequest,
  type StartRequest,
} from '../../agent/wire-process.js';
import { encodeFields } from '../../base/frame.js';

/** Above the agent's own deadline for crun. */
const START_MS = 130_000;
const STARTING_POLL_MS = 50;
const ARCHIVE_MS = 30_000;
const LIMIT_MS = 30_000;
/** For what a guest's memory may hold that its disk does not have. */
const UNMOUNT_MS = 60_000;
/** Above the 5 s that the agent gives processes which it has killed. */
const DELETE_MS = 30_000;

/** Rejects with ERR_AGENT_CMD_NOENT and the like. */
export async function askStart(link: AgentLink, request: StartRequest): Promise<void> {
  await link.request(AgentType.START, encodeStart(request), 'the start', START_MS);
}

/** As askStart(), for a container that was created when the template was frozen. */
export async function askBegin(link: AgentLink, request: BeginRequest): Promise<void> {
  await link.request(AgentType.BEGIN, encodeBegin(request), 'the start', START_MS);
}

/** One more process in a container. Rejects as askStart() does. */
export async function askExec(link: AgentLink, request: ExecRequest): Promise<void> {
  await link.request(AgentType.EXEC, encodeExec(request), 'the process', START_MS);
}

/** A process that carries files. Rejects with ERR_AGENT_NOENT, ERR_AGENT_STATE and the like. */
export async function askArchive(link: AgentLink, request: ArchiveRequest): Promise<void> {
  await link.request(AgentType.ARCHIVE, encodeArchive(request), 'the files', ARCHIVE_MS);
}

/** What files of a container's cgroup say. Rejects with ERR_AGENT_STATE for one that does not run, and ERR_AGENT_INTERNAL. */
export async function askLimit(link: AgentLink, request: LimitRequest): Promise<void> {
  await link.request(AgentType.LIMIT, encodeLimit(request), 'the limits', LIMIT_MS);
}

/** Resolves when nothing of a container is left but its files. */
export async function askDelete(link: AgentLink, container: string): Promise<void> {
  await link.request(AgentType.DELETE, encodeFields([container]), 'its removal', DELETE_MS);
}

/** Resolves when a root filesystem's disk has all that was written. Rejects with ERR_AGENT_BUSY. */
export async function askUnmount(link: AgentLink, rootfs: string): Promise<void> {
  await link.request(AgentType.UNMOUNT, encodeUnmount(rootfs), 'to unmount', UNMOUNT_MS);
}

/** Asks again while that cannot be done to a container which is just being started, as long as the agent gives that. Rejects as `ask` does. */
export async function onceStarted(ask: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + START_MS; ; await sleep(STARTING_POLL_MS)) {
    try {
      await ask();
      return;
    } catch (error) {
      if (errorCode(error) !== 'ERR_AGENT_BUSY' || performance.now() > end) throw error;
    }
  }
}

/** An agent that did not answer may still do what it was asked. */
export function mayHaveStarted(error: unknown): boolean {
  return ['ERR_AGENT_TIMEOUT', 'ERR_AGENT_CLOSED'].includes(errorCode(error) ?? '');
}
