// SPDX-License-Identifier: Apache-2.0
// What a container uses at one moment, and which processes it has.

/** All counters from its start; bytes and nanoseconds. What only the guest knows is missing while it stands still. */
export interface ContainerStats {
  id: string;
  name: string;
  domid: number;
  /** When the figures were taken, milliseconds since 1970, and when it was started. */
  time: number;
  started: number;
  /** By its own processes, and by its domain as a whole as xl shows it. */
  cpuNs?: number;
  domainCpuNs: number;
  /** Of its processes and their files, without what the kernel would give up at once. */
  memoryBytes?: number;
  memoryLimitBytes: number;
  pids?: number;
  networkIn: number;
  networkOut: number;
  blockIn?: number;
  blockOut?: number;
}

export interface ProcessInfo {
  /** As the container sees it. */
  pid: number;
  ppid: number;
  uid: number;
  /** Name of the uid in the image, or its number. */
  user: string;
  /** R, S, D, Z and so on, as proc(5). */
  state: string;
  tty: string;
  /** Milliseconds it has run on a CPU, and has been there. */
  cpuMs: number;
  elapsedMs: number;
  memoryBytes: number;
  command: string;
}
