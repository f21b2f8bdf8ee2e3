// SPDX-License-Identifier: Apache-2.0
// Which device files a container may open, and whether its guest's kernel has to look at that.

/** A device node of config.json. */
export interface DeviceNode {
  path: string;
  major: number;
  minor: number;
  /** r, w and m, as of --device. */
  access: string;
}

export interface DeviceChances {
  /** The most that a process of it can have, as config.json names them. */
  capabilities: readonly string[];
  devices: readonly DeviceNode[];
  /** Whether it is not the only container of its domain. */
  isMember: boolean;
  /** The options of all that is mounted in it. */
  mountOptions: readonly (readonly string[])[];
}

/** crun's words for a mount, and for all below it, whose device files count. */
const SHOWING = ['dev', 'rdev'];
/** mknod(2) wants the first; who has the second mounts what shows devices. */
const MAKERS = ['CAP_MKNOD', 'CAP_SYS_ADMIN'];

/**
 * The rules of linux.resources.devices (runtime specification 1.2, config-linux.md): none but the usual ones and those given to it. Undefined
 * where it has no others anyway and cannot come by one: crun makes a program of the rules, which takes the guest's kernel two milliseconds
 * to verify. Images have no device files (docs/images.md), volumes show none unless their mount says so, and the agent makes none of an archive
 * but the usual ones. Others of a pod may be able to make some. Pure.
 */
export function deviceRules({
  capabilities,
  devices,
  isMember,
  mountOptions,
}: DeviceChances): object[] | undefined {
  const canMake = MAKERS.some((name) => capabilities.includes(name));
  const isShown = mountOptions.some((options) => SHOWING.some((word) => options.includes(word)));
  if (!canMake && !isShown && !isMember && devices.length === 0) return undefined;
  return [{ allow: false, access: 'rwm' }, ...devices.map(deviceRule)];
}

/** The entry of linux.devices. Pure. */
export function deviceEntry({ path, major, minor }: DeviceNode): object {
  return { path, type: 'b', major, minor, fileMode: 0o660, uid: 0, gid: 0 };
}

function deviceRule({ major, minor, access }: DeviceNode): object {
  return { allow: true, type: 'b', major, minor, access };
}
