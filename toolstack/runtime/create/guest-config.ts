// SPDX-License-Identifier: Apache-2.0
// Builds the OCI config.json (runtime specification 1.2) for crun in the guest, from an image, a command and its limits.

import type { Confinement, PodShare } from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { capabilitiesFor } from './capabilities.js';
import { deviceEntry, deviceRules, type DeviceNode } from './device-rules.js';
import type { Bind } from './mounts.js';
import type { CpuQuota } from '../../sandbox/size/cgroup-limits.js';

export interface SpecInput {
  args: string[];
  env: string[];
  cwd: string;
  user: { uid: number; gid: number; additionalGids: number[] };
  tty: boolean;
  rows: number;
  cols: number;
  hostname: string;
  /** The guest's path of the container's root filesystem. */
  rootfsPath: string;
  /** The guest's path of the files that thaw writes for the container (hosts, hostname, resolv.conf, machine-id). */
  filesPath: string;
  /** Disks of the guest that the container may use. */
  devices?: readonly DeviceNode[];
  /** Bind mounts of host paths. */
  binds?: readonly Bind[];
  /** CPU time per second of wall time; undefined for no limit inside the guest. */
  cpu?: CpuQuota;
  /** The memory limit in bytes; undefined for all memory of the domain. */
  memoryBytes?: number;
  /** The namespaces that the container shares with the other containers of its domain. */
  shared?: readonly PodShare[];
  /** The name of the cgroup of a container in a pod; undefined for the only container of a domain. */
  cgroup?: string;
  confinement: Confinement;
}

/** Names of the files bound into /etc, all of which the caller must send along. */
export const BOUND_FILES = ['hostname', 'hosts', 'resolv.conf', 'machine-id'] as const;

/** The input of a process object. */
export type ProcessInput = Pick<
  SpecInput,
  'args' | 'env' | 'cwd' | 'user' | 'tty' | 'rows' | 'cols' | 'confinement'
>;

/** The parts of config.json's process object that thaw reads again. */
export type ProcessObject = Pick<SpecInput, 'args' | 'env' | 'cwd' | 'user'>;

/** Builds the process object of config.json, or of one more process in a container. */
export function buildProcess(input: ProcessInput): ProcessObject {
  const { args, env, cwd, user, tty, rows, cols, confinement } = input;
  const { capAdd, capDrop, ulimits = [], noNewPrivileges } = confinement;
  const limits = ulimits.map(({ type, soft, hard }) => rlimit(type, soft, hard));
  const process = {
    terminal: tty,
    ...(tty && rows > 0 && cols > 0 ? { consoleSize: { height: rows, width: cols } } : {}),
    user,
    args,
    env,
    cwd,
    capabilities: capabilitiesFor(user.uid, capAdd, capDrop),
    rlimits: [
      ...(ulimits.some(({ type }) => type === 'nofile') ? [] : [rlimit('nofile', NOFILE, NOFILE)]),
      ...limits,
    ],
    ...(noNewPrivileges === true ? { noNewPrivileges: true } : {}),
  };
  return process;
}

const NOFILE = 1048576;

function rlimit(type: string, soft: number, hard: number): object {
  return { type: `RLIMIT_${type.toUpperCase()}`, soft, hard };
}

/** Builds config.json as text. */
export function buildSpec(input: SpecInput): string {
  const {
    hostname,
    confinement,
    binds = [],
    devices = [],
    shared = [],
    cgroup = 'container',
  } = input;
  const { readOnly = false, seccomp, tmpfs = [], pidsLimit = DEFAULT_PIDS } = confinement;
  const places = [...tmpfs.map(({ path }) => path), ...binds.map((bind) => bind.destination)];
  const isTaken = (path: string): boolean => places.includes(path);
  const rules = deviceRules({
    capabilities: capabilitiesFor(input.user.uid, confinement.capAdd, confinement.capDrop).bounding,
    devices,
    isMember: input.cgroup !== undefined,
    mountOptions: [...tmpfs, ...binds].map(({ options }) => options),
  });
  return JSON.stringify({
    ociVersion: '1.2.0',
    process: buildProcess(input),
    root: { path: input.rootfsPath, ...(readOnly ? { readonly: true } : {}) },
    ...(shared.includes('uts') ? {} : { hostname }),
    mounts: [
      ...SYSTEM_MOUNTS,
      ...BOUND_FILES.map((name) => bindFile(input.filesPath, name)).filter(
        ({ destination }) => !isTaken(destination),
      ),
      ...outerFirst([
        ...(readOnly ? READ_ONLY_TMPFS : []).filter(({ path }) => !isTaken(path)).map(tmpfsMount),
        ...tmpfs.map(tmpfsMount),
        ...binds.map((bind) => ({ type: 'bind', ...bind })),
      ]),
    ],
    linux: {
      namespaces: [...SHAREABLE.filter((type) => !shared.includes(type)), 'mount', 'cgroup'].map(
        (type) => ({ type }),
      ),
      cgroupsPath: `/${cgroup}`,
      resources: {
        ...defined({ devices: rules }),
        ...(pidsLimit > 0 ? { pids: { limit: pidsLimit } } : {}),
        ...(input.memoryBytes === undefined ? {} : { memory: { limit: input.memoryBytes } }),
        ...defined({ cpu: input.cpu }),
      },
      ...(seccomp ? { seccomp } : {}),
      ...(devices.length > 0 ? { devices: devices.map(deviceEntry) } : {}),
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
    },
  });
}

/** Containers that share such a namespace use the guest's own. All containers use the guest's network namespace. */
const SHAREABLE: readonly PodShare[] = ['pid', 'ipc', 'uts'];

/** podman's default. */
export const DEFAULT_PIDS = 2048;

/** The folders that podman keeps writable over a read-only root filesystem. */
const READ_ONLY_TMPFS = ['/run', '/tmp', '/var/tmp'].map((path) => ({ path, options: [] }));

/** Sorts mounts: a mount on a folder of another mount must come after that mount. */
function outerFirst<T extends { destination: string }>(mounts: T[]): T[] {
  const depth = ({ destination }: T): number => destination.split('/').filter(Boolean).length;
  return mounts.sort((a, b) => depth(a) - depth(b));
}

function tmpfsMount({ path, options }: { path: string; options: string[] }) {
  return {
    destination: path,
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['rprivate', 'nosuid', 'nodev', 'tmpcopyup', ...options],
  };
}

function bindFile(folder: string, name: string) {
  return {
    destination: `/etc/${name}`,
    type: 'bind',
    source: `${folder}/${name}`,
    options: ['bind', 'rprivate', 'nosuid', 'nodev'],
  };
}

const SYSTEM_MOUNTS = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
  {
    destination: '/dev/mqueue',
    type: 'mqueue',
    source: 'mqueue',
    options: ['nosuid', 'noexec', 'nodev'],
  },
  {
    destination: '/sys',
    type: 'sysfs',
    source: 'sysfs',
    options: ['nosuid', 'noexec', 'nodev', 'ro'],
  },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['nosuid', 'noexec', 'nodev', 'relatime', 'ro'],
  },
];

const MASKED_PATHS = [
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/sys/firmware',
];
const READONLY_PATHS = [
  '/proc/asound',
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];
