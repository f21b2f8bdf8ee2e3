// SPDX-License-Identifier: Apache-2.0
// What a container uses and which processes it has, as its guest says it: ps, and the statistics of events in runc's form.

import { decodeProcesses, decodeStats, type GuestProcess } from '../../../agent/report.js';
import { AgentType } from '../../../agent/wire.js';
import { encodeFields } from '../../../base/frame.js';
import type { OciContainer } from '../container/container.js';
import { nameInGuest } from '../container/record.js';
import { stateError } from '../errors.js';

const ANSWER_MS = 5000;

/** One line of `events --stats` (runc's types/events.go). Rejects with ERR_OCI_STATE, and as the agent does. */
export async function statsEvent(container: OciContainer): Promise<object> {
  const { record } = container;
  const { cpuNs, memoryBytes, pids } = decodeStats(await ask(container, AgentType.STATS, 'stats'));
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
    ...{ type: 'stats', id: record.id },
    data: {
      cpu: { usage, throttling: {} },
      cpuset: {},
      memory: {
        usage: {
          limit: limits.memoryBytes ?? sandbox.memoryKib * 1024,
          usage: memoryBytes,
          failcnt: 0,
        },
        ...{ swap: none, kernel: none, kernelTCP: none, raw: {} },
      },
      pids: { current: pids, limit: limits.pids ?? 0 },
      ...{ blkio: {}, hugetlb: {}, intel_rdt: {}, network_interfaces: null },
    },
  };
}

/** Rejects as statsEvent() does. */
export async function processesOf(container: OciContainer): Promise<GuestProcess[]> {
  return decodeProcesses(await ask(container, AgentType.PROCESSES, 'list processes of'));
}

/** As `ps -ef` has them, with the numbers that they have in the container. Pure. */
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

async function ask({ record, sandbox }: OciContainer, type: number, verb: string): Promise<Buffer> {
  if (record.state !== 'running' || !sandbox) throw stateError(verb, record);
  const link = await sandbox.agent();
  return link.request(type, encodeFields([nameInGuest(record)]), 'its figures', ANSWER_MS);
}
