// SPDX-License-Identifier: Apache-2.0
// How a sandbox's domain, its devices with it, and folder go, whether or not a thawd still holds them.

import { rm } from 'node:fs/promises';
import { describeError } from '../base/errors.js';
import { asDomid } from '../base/ids.js';
import { destroyDomain } from '../xen/destroy.js';
import type { SandboxRecord } from './record.js';
import { sandboxFolder, type SandboxServices } from './services.js';

/** Removes domain, devices and folder of a sandbox, whether or not a thawd still holds it. Idempotent; what fails is logged. */
export async function releaseSandbox(
  services: SandboxServices,
  record: SandboxRecord,
): Promise<void> {
  const { host } = services;
  if (record.domid !== undefined) {
    const domid = asDomid(record.domid);
    await quietly(services, () => destroyDomain(host, domid, record.uuid));
  }
  await quietly(services, () =>
    rm(sandboxFolder(services, record), { recursive: true, force: true }),
  );
  giveBackAddresses(services, record);
}

/** Its MAC and its place in a network are free again. Idempotent. */
export function giveBackAddresses(
  { macs, networks }: SandboxServices,
  { mac, network }: SandboxRecord,
): void {
  macs.delete(mac);
  if (network) networks.release(network);
}

/** Runs a step of a clean-up; what fails is logged. */
export async function quietly(services: SandboxServices, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    services.host.log.error(`Clean-up goes on after: ${describeError(error)}`);
  }
}
