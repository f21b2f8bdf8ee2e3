// SPDX-License-Identifier: Apache-2.0
// How a sandbox's domain, devices and folder go, whether or not a thawd still holds them.

import { rm } from 'node:fs/promises';
import { describeError } from '../base/errors.js';
import { asDomid } from '../base/ids.js';
import { destroyDomain, isSameDomain } from '../xen/destroy.js';
import { detachDevices } from '../xen/devices.js';
import { diskDevid } from '../xen/vbd.js';
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
    const devices = record.layers.map((_, index) => ({
      kind: 'vbd' as const,
      devid: diskDevid(index),
    }));
    if (await isSameDomain(host, domid, record.uuid))
      await host.libxl.domainPause(domid).catch(() => undefined);
    await quietly(services, () =>
      detachDevices(host, domid, [{ kind: 'vif', devid: 0 }, ...devices]),
    );
    await quietly(services, () => destroyDomain(host, domid, record.uuid));
  }
  await quietly(services, () =>
    rm(sandboxFolder(services, record), { recursive: true, force: true }),
  );
}

/** Runs a step of a clean-up; what fails is logged. */
export async function quietly(services: SandboxServices, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    services.host.log.error(`Clean-up goes on after: ${describeError(error)}`);
  }
}
