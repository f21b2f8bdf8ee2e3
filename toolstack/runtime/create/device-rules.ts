// SPDX-License-Identifier: Apache-2.0
// Decides which device files a container may open, and whether its guest's kernel must enforce that.

/** A device node of config.json. */
export interface DeviceNode {
  path: string;
  major: number;
  minor: number;
  /** r, w and m, as in --device. */
  access: string;
}

export interface DeviceChances {
  /** The most capabilities that a process of the container can have, as config.json names them. */
  capabilities: readonly string[];
  devices: readonly DeviceNode[];
  /** True when the container is not the only one of its domain. */
  isMember: boolean;
  /** The options of each of the container's mounts. */
  mountOptions: readonly (readonly string[])[];
}

/** crun's options for device files that work: on one mount, and on a mount with all mounts below it. */
const SHOWING = ['dev', 'rdev'];
/** mknod(2) needs the first. A process with the second can mount a file system that shows devices. */
const MAKERS = ['CAP_MKNOD', 'CAP_SYS_ADMIN'];

/**
 * Returns the rules of linux.resources.devices (runtime specification 1.2, config-linux.md): they allow only the usual devices and those
 * given to the container. Returns undefined for a container that has no other devices and cannot get one: crun compiles the rules into a
 * program, which takes the guest's kernel two milliseconds to verify. Images have no device files (docs/images.md), volumes show none unless
 * their mount says so, and the agent makes only the usual ones from an archive. Other containers of a pod may be able to make some. Pure.
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

/** Returns the entry of linux.devices. Pure. */
export function deviceEntry({ path, major, minor }: DeviceNode): object {
  return { path, type: 'b', major, minor, fileMode: 0o660, uid: 0, gid: 0 };
}

function deviceRule({ major, minor, access }: DeviceNode): object {
  return { allow: true, type: 'b', major, minor, access };
}
