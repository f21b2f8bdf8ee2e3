// SPDX-License-Identifier: Apache-2.0
// What crun is told in the guest: an OCI config.json (runtime specification 1.2) made of an image, a command and its limits.

export interface SpecInput {
  args: string[];
  env: string[];
  cwd: string;
  user: { uid: number; gid: number; additionalGids: number[] };
  tty: boolean;
  rows: number;
  cols: number;
  hostname: string;
  /** Where the guest has the container's root filesystem. */
  rootfsPath: string;
  /** Where the guest has the files thaw writes for the container (hosts, hostname, resolv.conf, machine-id). */
  filesPath: string;
  /** CPU time per second of wall time; undefined for no limit inside the guest. */
  cpuQuota?: number;
  pidsLimit: number;
}

/** Names of the files bound into /etc, all of which the caller must send along. */
export const BOUND_FILES = ['hostname', 'hosts', 'resolv.conf', 'machine-id'] as const;

/** What a process object is made of. */
export type ProcessInput = Pick<
  SpecInput,
  'args' | 'env' | 'cwd' | 'user' | 'tty' | 'rows' | 'cols'
>;

/** The process object of config.json, as far as thaw looks at it again. */
export type ProcessObject = Pick<SpecInput, 'args' | 'env' | 'cwd' | 'user'>;

/** Builds the process object: of config.json, or for one more process in a container. */
export function buildProcess(input: ProcessInput): ProcessObject {
  const { args, env, cwd, user, tty, rows, cols } = input;
  const process = {
    terminal: tty,
    ...(tty && rows > 0 && cols > 0 ? { consoleSize: { height: rows, width: cols } } : {}),
    user,
    args,
    env,
    cwd,
    capabilities: {
      bounding: DEFAULT_CAPABILITIES,
      // As podman: root keeps them, other users start without.
      effective: user.uid === 0 ? DEFAULT_CAPABILITIES : [],
      permitted: user.uid === 0 ? DEFAULT_CAPABILITIES : [],
    },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1048576, soft: 1048576 }],
  };
  return process;
}

/** Builds config.json as text. */
export function buildSpec(input: SpecInput): string {
  const { hostname } = input;
  return JSON.stringify({
    ociVersion: '1.2.0',
    process: buildProcess(input),
    root: { path: input.rootfsPath },
    hostname,
    mounts: [...SYSTEM_MOUNTS, ...BOUND_FILES.map((name) => bindFile(input.filesPath, name))],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      cgroupsPath: '/container',
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        pids: { limit: input.pidsLimit },
        ...(input.cpuQuota === undefined
          ? {}
          : { cpu: { quota: Math.round(input.cpuQuota * CPU_PERIOD_US), period: CPU_PERIOD_US } }),
      },
      maskedPaths: MASKED_PATHS,
      readonlyPaths: READONLY_PATHS,
    },
  });
}

const CPU_PERIOD_US = 100_000;

function bindFile(folder: string, name: string): object {
  return {
    destination: `/etc/${name}`,
    type: 'bind',
    source: `${folder}/${name}`,
    options: ['bind', 'rprivate', 'nosuid', 'nodev'],
  };
}

// podman's and docker's defaults, so that images find what they are used to.
const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

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
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777'],
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
