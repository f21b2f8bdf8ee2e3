// SPDX-License-Identifier: Apache-2.0
// Resource usage and processes of a container at one moment.

/** Counters since the start, in bytes and nanoseconds. Figures that only the guest knows are missing while the guest is paused. */
export interface ContainerStats {
  id: string;
  name: string;
  domid: number;
  /** The time of these figures, and the container's start; milliseconds since 1970. */
  time: number;
  started: number;
  /** CPU time of the container's processes, and of its whole domain as xl shows it. */
  cpuNs?: number;
  domainCpuNs: number;
  /** Memory of the container's processes and page cache, without inactive file pages. */
  memoryBytes?: number;
  memoryLimitBytes: number;
  pids?: number;
  networkIn: number;
  networkOut: number;
  blockIn?: number;
  blockOut?: number;
}

export interface ProcessInfo {
  /** The pid within the container. */
  pid: number;
  ppid: number;
  uid: number;
  /** Name of the uid in the image, or its number. */
  user: string;
  /** R, S, D, Z and so on, as proc(5). */
  state: string;
  tty: string;
  /** CPU time and age in milliseconds. */
  cpuMs: number;
  elapsedMs: number;
  memoryBytes: number;
  command: string;
}
