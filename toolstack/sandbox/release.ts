// SPDX-License-Identifier: Apache-2.0
// Removes a sandbox's domain with its devices, and its folder, whether or not a thawd still holds the sandbox.

import { rm } from 'node:fs/promises';
import { describeError } from '../base/errors.js';
import { asDomid } from '../base/ids.js';
import { destroyDomain } from '../xen/destroy.js';
import type { SandboxRecord } from './record.js';
import { sandboxFolder, type SandboxServices } from './services.js';

/** Removes domain, devices, folder and addresses of a sandbox. Idempotent; failures are logged. */
export async function releaseSandbox(
  services: SandboxServices,
  record: SandboxRecord,
): Promise<void> {
  const { host } = services;
  if (record.domid !== undefined) {
    const domid = asDomid(record.domid);
    await quietly(services, () => destroyDomain(host, domid, record.uuid));
  }
  const folder = sandboxFolder(services, record);
  await quietly(services, () => rm(folder, { recursive: true, force: true }));
  services.shims.left(folder);
  giveBackAddresses(services, record);
}

/** Frees the sandbox's MAC and its attachment to a network. Idempotent. */
export function giveBackAddresses(
  { macs, networks }: SandboxServices,
  { mac, network }: SandboxRecord,
): void {
  macs.delete(mac);
  if (network) networks.release(network);
}

/** Runs a step of a clean-up and logs its failure. */
export async function quietly(services: SandboxServices, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    services.host.log.error(`Clean-up continues after: ${describeError(error)}`);
  }
}
