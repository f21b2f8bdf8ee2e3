// SPDX-License-Identifier: Apache-2.0
// Sends the agent requests about one of its containers, each with a deadline.

import { sleep } from '../../base/deadline.js';
import { errorCode } from '../../base/errors.js';
import type { AgentLink } from '../../agent/agent-link.js';
import {
  decodeMemory,
  decodeProcesses,
  decodeStats,
  type GuestProcess,
  type GuestStats,
} from '../../agent/report.js';
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
const REPORT_MS = 5000;
/** Deadline for a guest that may be short of memory, before it gives memory back. */
const MEMORY_MS = 10_000;
/** The guest first writes to its disk all data that is only in its memory. */
const UNMOUNT_MS = 60_000;
/** Above the 5 s that the agent gives processes that it has killed. */
const DELETE_MS = 30_000;

/** Has the agent start a container's first process. Rejects with ERR_AGENT_CMD_NOENT and similar codes. */
export async function askStart(link: AgentLink, request: StartRequest): Promise<void> {
  await link.request(AgentType.START, encodeStart(request), 'the start', START_MS);
}

/** Starts a container that was created when the template was frozen. Rejects as askStart() does. */
export async function askBegin(link: AgentLink, request: BeginRequest): Promise<void> {
  await link.request(AgentType.BEGIN, encodeBegin(request), 'the start', START_MS);
}

/** Has the agent start a further process in a container. Rejects as askStart() does. */
export async function askExec(link: AgentLink, request: ExecRequest): Promise<void> {
  await link.request(AgentType.EXEC, encodeExec(request), 'the process', START_MS);
}

/** Has the agent start a process that transfers an archive. Rejects with ERR_AGENT_NOENT, ERR_AGENT_STATE and similar codes. */
export async function askArchive(link: AgentLink, request: ArchiveRequest): Promise<void> {
  await link.request(AgentType.ARCHIVE, encodeArchive(request), 'the files', ARCHIVE_MS);
}

/** Changes files of a container's cgroup. Rejects with ERR_AGENT_INTERNAL, and with ERR_AGENT_STATE for a container that does not run. */
export async function askLimit(link: AgentLink, request: LimitRequest): Promise<void> {
  await link.request(AgentType.LIMIT, encodeLimit(request), 'the limits', LIMIT_MS);
}

/** Returns the CPU time, memory, processes and blocks that a container uses. Rejects as link.request() does, and with ProtocolError. */
export async function askStats(link: Asked, container: string): Promise<GuestStats> {
  return decodeStats(await report(link, AgentType.STATS, container, 'its stats', REPORT_MS));
}

/** Returns the KiB of memory that the guest reports as available to its processes. Rejects as askStats() does. */
export async function askAvailableKib(link: Asked, container: string): Promise<number> {
  const answer = await report(link, AgentType.STATS, container, 'its memory', MEMORY_MS);
  return decodeMemory(answer).availableKib;
}

/** Returns a container's processes. Rejects as askStats() does. */
export async function askProcesses(link: Asked, container: string): Promise<GuestProcess[]> {
  const answer = await report(link, AgentType.PROCESSES, container, 'its processes', REPORT_MS);
  return decodeProcesses(answer);
}

type Asked = Pick<AgentLink, 'request'>;

function report(
  link: Asked,
  type: number,
  container: string,
  what: string,
  timeoutMs: number,
): Promise<Buffer> {
  return link.request(type, encodeFields([container]), what, timeoutMs);
}

/** Has the agent delete a container. Resolves once only its files remain. */
export async function askDelete(link: AgentLink, container: string): Promise<void> {
  await link.request(AgentType.DELETE, encodeFields([container]), 'its removal', DELETE_MS);
}

/** Has the agent unmount a root filesystem. Resolves once its disk has all writes. Rejects with ERR_AGENT_BUSY. */
export async function askUnmount(link: AgentLink, rootfs: string): Promise<void> {
  await link.request(AgentType.UNMOUNT, encodeUnmount(rootfs), 'to unmount', UNMOUNT_MS);
}

/** Repeats `ask` while the container is being started, for as long as a start may take. Rejects as `ask` does. */
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

/** True for an error without an answer from the agent: the agent may still do the work. */
export function mayHaveStarted(error: unknown): boolean {
  return ['ERR_AGENT_TIMEOUT', 'ERR_AGENT_CLOSED'].includes(errorCode(error) ?? '');
}
