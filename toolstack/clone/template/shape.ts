// SPDX-License-Identifier: Apache-2.0
// The shape of a template's domain, and the key that tells whether a stored template still fits this host.

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GuestType, XenHost } from '../../xen/host.js';

export interface Shape {
  type: GuestType;
  /** vCPUs a clone can have online at most; one is online in the template. */
  vcpus: number;
  memoryKib: number;
}

/**
 * Memory of a template with one vCPU; containers get more by growing. With the paging pool of a PVH domain it makes just under 16 MiB.
 * The guest kernel boots in it and leaves half of it free.
 */
export const BASE_MEMORY_KIB = 15 * 1024;

/** Memory that the guest kernel keeps for each further vCPU, in whole MiB, since libxl cannot build other sizes. */
const VCPU_MEMORY_KIB = 1024;

/**
 * Returns the smallest shape for that many vCPUs: one vCPU, or as many as the host has. There are only two shapes, because each template
 * costs a boot and its memory.
 */
export function shapeFor(type: GuestType, vcpus: number, hostCpus: number): Shape {
  const most = vcpus <= 1 ? 1 : Math.max(vcpus, hostCpus);
  return { type, vcpus: most, memoryKib: BASE_MEMORY_KIB + (most - 1) * VCPU_MEMORY_KIB };
}

/** The guest's kernel, initrd and command line, as scripts/install lays them out. */
export interface GuestFiles {
  kernel: string;
  initrd: string;
  cmdline: string;
  /** Hash of the contents of all three. */
  hash: string;
}

/** Reads and hashes the guest files in `folder`. Rejects with ENOENT when one is missing. */
export async function loadGuestFiles(folder: string): Promise<GuestFiles> {
  const kernel = join(folder, 'vmlinux');
  const initrd = join(folder, 'initrd');
  const cmdline = parseCmdline(await readFile(join(folder, 'cmdline'), 'utf8'));
  const hash = createHash('sha256').update(cmdline);
  for (const path of [kernel, initrd]) {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(chunk as Buffer);
  }
  return { kernel, initrd, cmdline, hash: hash.digest('hex') };
}

/** Reads kernels/cmdline, which has one option a line, with comments. */
export function parseCmdline(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .join(' ');
}

/** Returns 20 hex digits that are the same for the same guest, Xen, CPU and shape. */
export async function templateKey(host: XenHost, guest: GuestFiles, shape: Shape): Promise<string> {
  const { version, changeset, capabilities, commandline } = host.version;
  const cpu = await cpuIdentity();
  const parts = [
    FORMAT,
    guest.hash,
    version,
    changeset,
    capabilities,
    commandline,
    cpu,
    shape.type,
    shape.vcpus,
    shape.memoryKib,
  ];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}

/** Raised when the form of a template's folder changes. */
const FORMAT = 2;

/** Describes the CPU that a frozen guest relies on. A template is made again when it changes. */
async function cpuIdentity(): Promise<string> {
  const lines = (await readFile('/proc/cpuinfo', 'utf8')).split('\n\n', 1)[0]?.split('\n') ?? [];
  return lines
    .filter((line) => /^(vendor_id|cpu family|model|stepping|microcode|flags)\b/.test(line))
    .join('\n');
}
