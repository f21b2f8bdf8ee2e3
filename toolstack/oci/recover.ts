// SPDX-License-Identifier: Apache-2.0
// How a thawd takes over a container that an earlier one left: as it is, or as one that has ended meanwhile.

import { parseStatus } from '../sandbox/exit-file.js';
import { releaseSandbox } from '../sandbox/release.js';
import { Sandbox } from '../sandbox/sandbox.js';
import { findDomain } from '../sandbox/strays.js';
import { FIRST_PROCESS, type OciContainer } from './container.js';
import type { OciServices } from './create.js';

/** Resolves with whether it is to stay: one whose create was cut short is nobody's, and what is left of it is released. */
export async function takeOver(
  { sandbox: services, store }: OciServices,
  container: OciContainer,
): Promise<boolean> {
  const { record } = container;
  if (record.state === 'stopped') return true;
  services.macs.add(record.sandbox.mac);
  const sandbox = await Sandbox.adopt(services, record.sandbox, container.events).catch(
    () => undefined,
  );
  const status = sandbox && (await sandbox.shim.status().catch(() => undefined));
  const first = status?.processes.find(({ process }) => process === FIRST_PROCESS);
  container.sandbox = sandbox;
  if (record.state === 'creating') {
    const { host } = services;
    host.log.info(`Undoing OCI container ${record.id}, whose create thawd's end cut short`);
    const domid = await findDomain(host, record.sandbox.uuid);
    if (domid !== undefined) record.sandbox.domid = domid;
    await container.kill();
    await releaseSandbox(services, record.sandbox);
    return false;
  }
  if (!sandbox || !status || status.state === 'lost' || !(await sandbox.isAlive())) {
    const written = parseStatus((await store.readStatus(record)) ?? '');
    await container.end(written ?? { reason: 'its domain ended while no thawd ran' });
    await releaseSandbox(services, record.sandbox);
    return true;
  }
  if (first?.exit) {
    await container.end({ exit: first.exit });
    return true;
  }
  if (first?.hasBegun === true) {
    // Xen knows what a thawd that was killed may not have come to write down.
    const { paused } = await services.host.libxl.domainInfo(sandbox.domid);
    record.state = paused ? 'paused' : 'running';
  }
  for (const { process } of status.processes)
    if (process !== FIRST_PROCESS) container.execs.adopt(process);
  await sandbox.catchUp();
  // No agent of a paused domain answers.
  if (record.state !== 'paused') await sandbox.growOn();
  return true;
}
