// SPDX-License-Identifier: Apache-2.0
// The requests to an agent about a container that it has, each with its deadline.

import { sleep } from '../../base/deadline.js';
import { errorCode } from '../../base/errors.js';
import type { AgentLink } from '../../agent/link.js';
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
/** Before a guest gives memory back. It may be short of it. */
const MEMORY_MS = 10_000;
/** The guest first writes to its disk what is in its memory alone. */
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

/** Has the agent start one more process in a container. Rejects as askStart() does. */
export async function askExec(link: AgentLink, request: ExecRequest): Promise<void> {
  await link.request(AgentType.EXEC, encodeExec(request), 'the process', START_MS);
}

/** Has the agent start a process that carries files. Rejects with ERR_AGENT_NOENT, ERR_AGENT_STATE and the like. */
export async function askArchive(link: AgentLink, request: ArchiveRequest): Promise<void> {
  await link.request(AgentType.ARCHIVE, encodeArchive(request), 'the files', ARCHIVE_MS);
}

/** Changes files of a container's cgroup. Rejects with ERR_AGENT_STATE for a container that does not run, and ERR_AGENT_INTERNAL. */
export async function askLimit(link: AgentLink, request: LimitRequest): Promise<void> {
  await link.request(AgentType.LIMIT, encodeLimit(request), 'the limits', LIMIT_MS);
}

/** The CPU time, memory, processes and blocks that a container uses. Rejects as link.request() does, and with ProtocolError. */
export async function askStats(link: Asked, container: string): Promise<GuestStats> {
  return decodeStats(await report(link, AgentType.STATS, container, 'its stats', REPORT_MS));
}

/** KiB of the guest's memory that its processes could still have, by the guest's word. Rejects as askStats() does. */
export async function askAvailableKib(link: Asked, container: string): Promise<number> {
  const answer = await report(link, AgentType.STATS, container, 'its memory', MEMORY_MS);
  return decodeMemory(answer).availableKib;
}

/** Rejects as askStats() does. */
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

/** Resolves when nothing of a container is left but its files. */
export async function askDelete(link: AgentLink, container: string): Promise<void> {
  await link.request(AgentType.DELETE, encodeFields([container]), 'its removal', DELETE_MS);
}

/** Resolves when the disk of a root filesystem has all that was written to it. Rejects with ERR_AGENT_BUSY. */
export async function askUnmount(link: AgentLink, rootfs: string): Promise<void> {
  await link.request(AgentType.UNMOUNT, encodeUnmount(rootfs), 'to unmount', UNMOUNT_MS);
}

/** Asks again while the container is being started, for as long as a start may take. Rejects as `ask` does. */
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

/** True where the agent did not answer: it may still do what it was asked. */
export function mayHaveStarted(error: unknown): boolean {
  return ['ERR_AGENT_TIMEOUT', 'ERR_AGENT_CLOSED'].includes(errorCode(error) ?? '');
}
