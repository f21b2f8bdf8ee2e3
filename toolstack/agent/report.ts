// SPDX-License-Identifier: Apache-2.0
// Decodes the answers to STATS and PROCESSES: the guest kernel's own files, from a guest that may lie. Pure.

import { decodeFields, ProtocolError } from '../base/frame.js';
import { printable } from '../base/text.js';

export interface GuestStats {
  cpuNs: number;
  memoryBytes: number;
  pids: number;
  blockIn: number;
  blockOut: number;
}

/** Throws ProtocolError. An empty file counts as 0. */
export function decodeStats(untrustedPayload: Buffer): GuestStats {
  const [cpu = '', current = '', memory = '', pids = '', io = ''] = texts(untrustedPayload, 6);
  const used = number(current) - number(/^inactive_file (\d+)$/m.exec(memory)?.[1]);
  const sum = (name: string): number =>
    [...io.matchAll(new RegExp(`\\b${name}=(\\d+)`, 'g'))].reduce(
      (total, [, value]) => total + number(value),
      0,
    );
  return {
    cpuNs: number(/^usage_usec (\d+)$/m.exec(cpu)?.[1]) * 1000,
    memoryBytes: Math.max(0, used),
    pids: number(pids),
    blockIn: sum('rbytes'),
    blockOut: sum('wbytes'),
  };
}

/** Returns the memory that processes of the guest could still get, from STATS' answer. Throws ProtocolError. */
export function decodeMemory(untrustedPayload: Buffer): { availableKib: number } {
  const meminfo = texts(untrustedPayload, 6)[5] ?? '';
  return { availableKib: number(/^MemAvailable: +(\d+) kB$/m.exec(meminfo)?.[1]) };
}

export interface GuestProcess {
  pid: number;
  ppid: number;
  uid: number;
  state: string;
  tty: string;
  cpuMs: number;
  elapsedMs: number;
  memoryBytes: number;
  command: string;
}

/** Processes that ended meanwhile are left out. Parents are numbered as the container sees them. Throws ProtocolError. */
export function decodeProcesses(untrustedPayload: Buffer): GuestProcess[] {
  const [uptime = '', ...files] = texts(untrustedPayload, 1 + 3 * PROCESSES_MAX);
  if (files.length % 3 !== 0) throw new ProtocolError('The agent sent a process in part');
  const upMs = Number(/^\d+\.?\d*/.exec(uptime)?.[0] ?? 0) * 1000;
  const found = Array.from({ length: files.length / 3 }, (_, i) =>
    parseProcess(files.slice(3 * i, 3 * i + 3), upMs),
  ).filter((process) => process !== undefined);
  const own = new Map(found.map(({ outerPid, process }) => [outerPid, process.pid]));
  return found.map(({ outerParent, process }) => ({
    ...process,
    ppid: own.get(outerParent) ?? 0,
  }));
}

/** As many as the agent sends. */
const PROCESSES_MAX = 512;
/** USER_HZ, which Linux has on every machine that Xen runs on. */
const TICK_MS = 10;

function parseProcess([stat = '', status = '', cmdline = '']: string[], upMs: number) {
  const [, outer = '', name = '', rest = ''] = /^(\d+) \((.*)\) (.*)$/s.exec(stat) ?? [];
  if (rest === '') return undefined;
  // proc_pid_stat(5) counts from 1, and the state is the third.
  const field = (index: number): string => rest.trim().split(' ')[index - 3] ?? '';
  const line = (key: string): string =>
    new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '';
  const command = cmdline.replace(/\0+$/, '').replaceAll('\0', ' ');
  const process = {
    pid: number(line('NSpid').split(/\s+/).at(-1)),
    uid: number(line('Uid').split(/\s+/)[1]),
    state: printable(field(3), 1),
    tty: ttyName(number(field(7))),
    cpuMs: (number(field(14)) + number(field(15))) * TICK_MS,
    elapsedMs: Math.max(0, upMs - number(field(22)) * TICK_MS),
    memoryBytes: number(/\d+/.exec(line('VmRSS'))?.[0]) * 1024,
    command: printable(command === '' ? `[${name}]` : command, 4096),
  };
  return { outerPid: number(outer), outerParent: number(field(4)), process };
}

/** Device numbers of terminals (proc_pid_stat(5)): those of devpts are 136 and up. */
function ttyName(device: number): string {
  if (device === 0) return '?';
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  return major >= 136 && major <= 143 ? `pts/${(major - 136) * 256 + minor}` : `${major}:${minor}`;
}

function texts(payload: Buffer, most: number): string[] {
  return decodeFields(payload, most).map((bytes) => bytes.toString('utf8'));
}

function number(text: string | undefined): number {
  const value = Number(text?.trim() || 0);
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
