// SPDX-License-Identifier: Apache-2.0
// Computes the capabilities of a container's processes: the container engines' defaults, plus added and minus dropped capabilities.

import { ContainerError } from '../errors.js';

/** The defaults of podman and docker, on which images rely. */
const DEFAULTS =
  'CHOWN DAC_OVERRIDE FOWNER FSETID KILL NET_BIND_SERVICE SETFCAP SETGID SETPCAP SETUID SYS_CHROOT'.split(
    ' ',
  );

/** Linux 6.12's include/uapi/linux/capability.h. */
const ALL = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM ' +
  'BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

/** The capabilities object of config.json. */
export interface Capabilities {
  bounding: string[];
  effective: string[];
  permitted: string[];
  inheritable?: string[];
  ambient?: string[];
}

/**
 * Returns the capabilities of a process with that uid. Root gets the whole bounding set. Other users get only capabilities that were added
 * by name, as with podman. Throws ERR_USAGE for a name that is no capability.
 */
export function capabilitiesFor(
  uid: number,
  add: string[] = [],
  drop: string[] = [],
): Capabilities {
  const added = add.map((name) => checkName('--cap-add', name));
  const dropped = drop.map((name) => checkName('--cap-drop', name));
  const base = added.includes('ALL') ? ALL : dropped.includes('ALL') ? [] : DEFAULTS;
  const isKept = (name: string): boolean => !dropped.includes(name);
  const named = added.filter((name) => name !== 'ALL' && isKept(name));
  const bounding = [...new Set([...base.filter(isKept), ...named])].map((name) => `CAP_${name}`);
  if (uid === 0) return { bounding, effective: bounding, permitted: bounding };
  const own = bounding.filter((name) => named.includes(name.slice('CAP_'.length)));
  const more = own.length > 0 ? { inheritable: own, ambient: own } : {};
  return { bounding, effective: own, permitted: own, ...more };
}

/** Returns the name in capitals, without CAP_. Throws ERR_USAGE. */
function checkName(option: string, text: string): string {
  const name = text.toUpperCase().replace(/^CAP_/, '');
  if (name === 'ALL' || ALL.includes(name)) return name;
  throw new ContainerError(
    'ERR_USAGE',
    `Cannot use ${option} ${text}: no capability has that name; see capabilities(7), or use ALL`,
  );
}
