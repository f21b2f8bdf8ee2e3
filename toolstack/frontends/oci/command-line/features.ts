// SPDX-License-Identifier: Apache-2.0
// The features of this runtime, as `features` prints them (runtime specification, features.md), and the config.json that `spec` writes. Pure.

import { ROOTFS_ANNOTATION } from '../config/rootfs.js';
import { SPEC_VERSION } from '../version.js';

/** Options of mount(8) that the guest's crun knows. */
const MOUNT_OPTIONS = [
  ...['async', 'atime', 'bind', 'defaults', 'dev', 'diratime', 'dirsync', 'exec', 'iversion'],
  ...['mand', 'noatime', 'nodev', 'nodiratime', 'noexec', 'noiversion', 'nomand', 'norelatime'],
  ...['nostrictatime', 'nosuid', 'private', 'rbind', 'relatime', 'remount', 'ro', 'rprivate'],
  ...['rshared', 'rslave', 'rw', 'shared', 'slave', 'strictatime', 'suid', 'sync', 'tmpcopyup'],
];

export const FEATURES = {
  ociVersionMin: '1.0.0',
  ociVersionMax: SPEC_VERSION,
  hooks: [
    ...['prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop'],
  ],
  mountOptions: MOUNT_OPTIONS,
  linux: {
    namespaces: ['cgroup', 'ipc', 'mount', 'network', 'pid', 'uts'],
    cgroup: { v1: false, v2: true, systemd: true, systemdUser: false, rdma: false },
    seccomp: { enabled: true },
    apparmor: { enabled: false },
    selinux: { enabled: false },
    intelRdt: { enabled: false },
    mountExtensions: { idmap: { enabled: false } },
  },
  annotations: { 'org.opencontainers.runc.checkpoint.enabled': 'false' },
  // This annotation is unsafe: data that the container writes may end with the guest.
  potentiallyUnsafeConfigAnnotations: [ROOTFS_ANNOTATION],
};

const CAPABILITIES = ['CAP_AUDIT_WRITE', 'CAP_KILL', 'CAP_NET_BIND_SERVICE'];

/** The config.json of `spec`: a shell in ./rootfs. */
export const SPEC = {
  ociVersion: SPEC_VERSION,
  process: {
    terminal: true,
    user: { uid: 0, gid: 0 },
    args: ['sh'],
    cwd: '/',
    env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'TERM=xterm'],
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    rlimits: [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }],
    noNewPrivileges: true,
  },
  root: { path: 'rootfs', readonly: true },
  hostname: 'thaw',
  mounts: [
    mount('/proc', 'proc', []),
    mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620']),
    mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
    mount('/dev/mqueue', 'mqueue', ['nosuid', 'noexec', 'nodev']),
    mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
  ],
  linux: {
    namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
    maskedPaths: ['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware'],
    readonlyPaths: ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'],
  },
};

function mount(destination: string, type: string, options: string[]): object {
  return { destination, type, source: type, options };
}
