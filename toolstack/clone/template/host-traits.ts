// SPDX-License-Identifier: Apache-2.0
// The traits of a host that a frozen guest relies on, and the differences from another host's.

import { readFile } from 'node:fs/promises';
import { ThawError } from '../../base/errors.js';
import type { XenHost } from '../../xen/host.js';
import type { GuestFiles } from './shape.js';

export interface HostTraits {
  /** SHA-256 of guest kernel, initrd and command line. */
  guest: string;
  /** Xen's version and the build's changeset. */
  xen: string;
  /** Xen's capabilities: the guest interfaces that it has. */
  abi: string;
  /** Vendor, family, model and stepping. */
  cpu: string;
  /** Sorted. */
  cpuFlags: string[];
}

/**
 * Traits are fewer than the parts of a template's key: a checkpoint is nowhere else, and must survive a new microcode without new flags or
 * a new command line of Xen. Xen itself refuses a domain whose CPU policy the host cannot keep.
 */
export async function hostTraits(
  host: XenHost,
  guest: GuestFiles,
  cpuinfo: () => Promise<string> = () => readFile('/proc/cpuinfo', 'utf8'),
): Promise<HostTraits> {
  const { version, changeset, capabilities } = host.version;
  return {
    guest: guest.hash,
    xen: `${version} ${changeset}`.trim(),
    abi: capabilities.trim(),
    ...parseCpu(await cpuinfo()),
  };
}

/** Throws ERR_CHECKPOINT_HOST, which names all differences, where a guest from that host cannot continue here. */
export function checkTraits(what: string, there: HostTraits, here: HostTraits): void {
  const differences = [
    ...(there.guest === here.guest
      ? []
      : ["thaw's guest kernel or initrd is another (install the same thaw)"]),
    ...differs('Xen', there.xen, here.xen),
    ...differs("Xen's guest interfaces", there.abi, here.abi),
    ...differs('the CPU', there.cpu, here.cpu),
    ...flagsThat('the CPU has not', there.cpuFlags, here.cpuFlags),
    ...flagsThat('the CPU has also', here.cpuFlags, there.cpuFlags),
  ];
  if (differences.length === 0) return;
  throw new ThawError(
    'ERR_CHECKPOINT_HOST',
    `Cannot restore ${what} on this host: ${differences.join('; ')}`,
  );
}

function differs(what: string, there: string, here: string): string[] {
  return there === here ? [] : [`${what} was ${there || 'unknown'} and is ${here || 'unknown'}`];
}

/** The most differences in one message. */
const NAMED_FLAGS = 5;

function flagsThat(says: string, wanted: string[], had: string[]): string[] {
  const known = new Set(had);
  const missing = wanted.filter((flag) => !known.has(flag));
  if (missing.length === 0) return [];
  const more = missing.length > NAMED_FLAGS ? `, and ${missing.length - NAMED_FLAGS} more` : '';
  return [`${says} ${missing.slice(0, NAMED_FLAGS).join(', ')}${more}`];
}

function parseCpu(cpuinfo: string): Pick<HostTraits, 'cpu' | 'cpuFlags'> {
  const field = (name: string): string =>
    new RegExp(`^${name}\\s*: *(.*)$`, 'm').exec(cpuinfo)?.[1]?.trim() ?? '';
  const [family, model, stepping] = ['cpu family', 'model', 'stepping'].map(field);
  return {
    cpu: `${field('vendor_id')} family ${family} model ${model} stepping ${stepping}`,
    cpuFlags: field('flags')
      .split(/\s+/)
      .filter((flag) => flag !== '')
      .sort(),
  };
}
