// SPDX-License-Identifier: Apache-2.0
// Reads a container's stats in runc's form, for events, and its processes as a table, for ps.

import type { AgentLink } from '../../../agent/agent-link.js';
import type { GuestProcess } from '../../../agent/report.js';
import { askProcesses, askStats } from '../../../sandbox/agent/calls.js';
import type { OciContainer } from '../container/container.js';
import { nameInGuest } from '../container/record.js';
import { stateError } from '../errors.js';

/** Resolves with one line of `events --stats` (runc's types/events.go). Rejects with ERR_OCI_STATE, and as the agent does. */
export async function statsEvent(container: OciContainer): Promise<object> {
  const { record } = container;
  const link = await agentOf(container, 'stats');
  const { cpuNs, memoryBytes, pids } = await askStats(link, nameInGuest(record));
  const { sandbox, limits } = record;
  const usage = {
    total: cpuNs,
    percpu: [],
    percpu_kernel: [],
    percpu_user: [],
    kernel: 0,
    user: 0,
  };
  const none = { limit: 0, failcnt: 0 };
  return {
    type: 'stats',
    id: record.id,
    data: {
      cpu: { usage, throttling: {} },
      cpuset: {},
      memory: {
        usage: {
          limit: limits.memoryBytes ?? sandbox.memoryKib * 1024,
          usage: memoryBytes,
          failcnt: 0,
        },
        swap: none,
        kernel: none,
        kernelTCP: none,
        raw: {},
      },
      pids: { current: pids, limit: limits.pids ?? 0 },
      blkio: {},
      hugetlb: {},
      intel_rdt: {},
      network_interfaces: null,
    },
  };
}

/** Rejects as statsEvent() does. */
export async function processesOf(container: OciContainer): Promise<GuestProcess[]> {
  const link = await agentOf(container, 'list processes of');
  return askProcesses(link, nameInGuest(container.record));
}

/** Returns the processes as `ps -ef` prints them, with their pids in the container. Pure. */
export function processTable(processes: readonly GuestProcess[]): string {
  const rows = processes.map(({ uid, pid, ppid, state, tty, cpuMs, command }) => {
    const time = new Date(cpuMs).toISOString().slice(11, 19);
    return [uid, pid, ppid, state, tty, time, command].map(String);
  });
  const all = [['UID', 'PID', 'PPID', 'STAT', 'TTY', 'TIME', 'CMD'], ...rows];
  const width = (column: number): number => Math.max(...all.map((row) => row[column]?.length ?? 0));
  return all
    .map((row) => row.map((cell, column) => (column === 6 ? cell : cell.padEnd(width(column)))))
    .map((row) => `${row.join(' ')}\n`)
    .join('');
}

async function agentOf({ record, sandbox }: OciContainer, verb: string): Promise<AgentLink> {
  if (record.state !== 'running' || !sandbox) throw stateError(verb, record);
  return sandbox.agent();
}
