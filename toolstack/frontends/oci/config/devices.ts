// SPDX-License-Identifier: Apache-2.0
// linux.devices (config-linux.md, Devices): makes block devices of dom0 disks of the guest. All other devices of a guest are the default ones.

import { readFile } from 'node:fs/promises';
import { errorMessage } from '../../../base/errors.js';
import { deviceNumber } from '../../../sandbox/boot/layers.js';
import { list, object, string, type JsonObject } from './fields.js';
import { configError } from '../errors.js';

/** A block device of dom0 for a container. */
export interface OciDevice {
  /** The device's path in dom0. */
  source: string;
  /** The device's path in the container. */
  destination: string;
  /** The allowed accesses, of the letters r, w and m. */
  access: string;
  /** fileMode, uid and gid of linux.devices. */
  node: JsonObject;
}

/** Numbers of null, zero, full, random, urandom, tty, console, ptmx. A runtime makes these in each container (config-linux.md, Default Devices). */
const OWN = ['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2'];

/** Rejects with ERR_OCI_CONFIG for a device that a guest cannot have, naming its path. */
export async function devicesOf(linux: JsonObject, resources: JsonObject): Promise<OciDevice[]> {
  const rules = list(resources['devices'], 'linux.resources.devices').map((rule, index) =>
    object(rule, `linux.resources.devices[${index}]`),
  );
  const devices: OciDevice[] = [];
  for (const [index, item] of list(linux['devices'], 'linux.devices').entries()) {
    const field = `linux.devices[${index}]`;
    const entry = object(item, field);
    const type = string(entry['type'], `${field}.type`);
    const destination = string(entry['path'], `${field}.path`);
    const number = `${whole(entry['major'], field)}:${whole(entry['minor'], field)}`;
    if (type === 'c' && OWN.includes(number)) continue;
    if (type !== 'b')
      throw configError(
        field,
        `${destination} is no block device, and a guest has no other of the host's`,
      );
    const { fileMode, uid, gid } = entry;
    devices.push({
      source: await sourceOf(number, field),
      destination,
      access: accessOf(rules, number),
      node: JSON.parse(JSON.stringify({ fileMode, uid, gid })) as JsonObject,
    });
  }
  return devices;
}

/** Returns the devices' nodes in the guest, and the cgroup's rules for them, in crun's form. Pure. */
export function guestDevices(
  devices: readonly OciDevice[],
  sandbox: Parameters<typeof deviceNumber>[0],
): { nodes: object[]; rules: object[] } {
  const numbered = devices.map((device, index) => ({ device, ...deviceNumber(sandbox, index) }));
  return {
    nodes: numbered.map(({ device: { destination, node }, major, minor }) => ({
      path: destination,
      type: 'b',
      major,
      minor,
      ...node,
    })),
    rules: numbered.map(({ device: { access }, major, minor }) => ({
      allow: true,
      type: 'b',
      major,
      minor,
      access,
    })),
  };
}

function whole(value: unknown, field: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw configError(field, 'major and minor are to be numbers');
}

/** Returns the device's node in dom0, by its number: linux.devices names only the node in the container. */
async function sourceOf(number: string, field: string): Promise<string> {
  const text = await readFile(`/sys/dev/block/${number}/uevent`, 'utf8').catch((cause: unknown) => {
    throw configError(field, `there is no block device ${number}: ${errorMessage(cause)}`);
  });
  const name = /^DEVNAME=(.+)$/m.exec(text)?.[1];
  if (name) return `/dev/${name}`;
  throw configError(field, `block device ${number} has no name`);
}

/** Returns the access by the last rule for exactly this device. Without a rule every access is allowed, as container engines do it. */
function accessOf(rules: readonly JsonObject[], number: string): string {
  const own = rules.filter(
    ({ type, major, minor }) => type === 'b' && `${String(major)}:${String(minor)}` === number,
  );
  const last = own.at(-1);
  return last?.['allow'] === true && typeof last['access'] === 'string' ? last['access'] : 'rwm';
}
