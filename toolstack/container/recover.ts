// SPDX-License-Identifier: Apache-2.0
// What a new thawd does with what an earlier one left: goes on with what runs, finishes what ended, undoes what was half made.

import { Forget } from '../api/wire.js';
import { goOnIfHeld } from '../sandbox/copy.js';
import { releaseSandbox } from '../sandbox/release.js';
import { Sandbox } from '../sandbox/sandbox.js';
import { destroyStrays, findDomain, removeStrayRecords, sweepFolders } from '../sandbox/strays.js';
import { Container, INIT_PROCESS, type Ending } from './container.js';
import type { ContainerManager, ContainerServices } from './manager.js';
import type { ContainerRecord } from './record.js';
import { stateBefore } from './run.js';
import { dropVolumes, letGoOfHost, volumesOf } from './volumes-of.js';

/** Resolves when every container that was written down is accounted for and no domain of thaw's is left without one. */
export async function recover(
  services: ContainerServices,
  manager: ContainerManager,
): Promise<void> {
  const records = await services.records.loadAll(services.log);
  const gone: ContainerRecord[] = [];
  await Promise.all(records.map((record) => recoverOne(services, manager, record, gone)));
  // Not before all are in the books: another may have such a volume as well.
  for (const record of gone)
    if (record.keepsVolumes !== true) await dropVolumes(services, manager, record);
  await services.volumes
    .settle()
    .catch((error: unknown) => services.log.error('A volume stays mounted', { error }));
  const known = new Set([...manager.containers].map(({ record }) => record.sandbox.uuid));
  await destroyStrays(services.sandbox.host, known);
  await removeStrayRecords(services.sandbox.host, known);
  const ids = new Set([...manager.containers].map(({ record }) => record.sandbox.id));
  await sweepFolders(services.sandbox, ids);
  for (const folder of [services.images.layersFolder, services.sandbox.disks.folder])
    await services.sandbox.loops.sweep(folder);
}

async function recoverOne(
  services: ContainerServices,
  manager: ContainerManager,
  record: ContainerRecord,
  gone: ContainerRecord[],
): Promise<void> {
  const container = new Container(record, services.records, services.log);
  try {
    switch (record.state) {
      case 'created':
        return manager.add(container);
      case 'running':
      case 'paused':
        return await recoverRunning(services, manager, container);
      case 'starting':
        if (await hasStarted(services, record))
          return await recoverRunning(services, manager, container);
        return await undoStart(services, manager, container);
      case 'creating':
        // thawd may have ended before it wrote down that the program runs.
        if (await hasStarted(services, record))
          return await recoverRunning(services, manager, container);
        return await undo(services, record, gone);
      case 'removing':
        return await undo(services, record, gone);
      case 'exited':
      case 'lost':
        if (record.rm) return await forget(services, record, gone);
        return manager.add(container);
    }
  } catch (error) {
    services.log.error(`Cannot recover container ${record.name}`, { error });
  }
}

async function forget(
  services: ContainerServices,
  record: ContainerRecord,
  gone: ContainerRecord[],
): Promise<void> {
  await services.records.remove(record.id);
  gone.push(record);
}

async function undo(
  services: ContainerServices,
  record: ContainerRecord,
  gone: ContainerRecord[],
): Promise<void> {
  services.log.info(`Undoing container ${record.name}, which was ${record.state} when thawd ended`);
  await quitShim(services, record);
  await releaseSandbox(services.sandbox, await withDomid(services, record));
  await forget(services, record, gone);
}

/** Of a container that was there before its start, that start alone is undone. */
async function undoStart(
  services: ContainerServices,
  manager: ContainerManager,
  container: Container,
): Promise<void> {
  const { record } = container;
  services.log.info(`Undoing the start of container ${record.name}, which thawd's end cut short`);
  await quitShim(services, record);
  await releaseSandbox(services.sandbox, await withDomid(services, record));
  manager.add(container);
  await container.update({ state: stateBefore(record) });
  await letGoOfHost(services, record);
}

async function recoverRunning(
  services: ContainerServices,
  manager: ContainerManager,
  container: Container,
): Promise<void> {
  const { record } = container;
  services.sandbox.macs.add(record.sandbox.mac);
  if (record.sandbox.network) await services.sandbox.networks.adopt(record.sandbox.network);
  record.state = 'running';
  for (const name of volumesOf(record)) services.volumes.hold(name, record.id);
  await services.devices.adopt(record);
  const sandbox = await Sandbox.adopt(services.sandbox, record.sandbox, container.shimEvents).catch(
    () => undefined,
  );
  if (!sandbox) {
    const status = await services.records.readStatus(record.id);
    await releaseSandbox(services.sandbox, record.sandbox);
    manager.watchOver(container);
    if (status && 'exit' in status) container.shimEvents.onExit(INIT_PROCESS, status.exit);
    else container.lose(status?.reason ?? 'its shim ended while no thawd ran');
    await container.finished;
    return;
  }
  container.sandbox = sandbox;
  manager.watchOver(container);
  const going = goOnIfHeld(services.sandbox, sandbox, record.sandbox).catch((error: unknown) =>
    services.log.error(`Cannot let container ${record.name} go on`, { error }),
  );
  const status = await sandbox.shim.status();
  for (const { process, exit } of status.processes) {
    if (process === INIT_PROCESS || exit) continue;
    container.execs.adopt(process);
    sandbox.shim.forget(process, Forget.LEFT);
  }
  await going;
  const ending = await endingOf(status, sandbox);
  if (ending && 'exit' in ending) container.shimEvents.onExit(INIT_PROCESS, ending.exit);
  else if (ending) container.lose(ending.reason);
  else {
    // Also when thawd ended before it wrote that down, or xl did it.
    const { paused } = await services.sandbox.host.libxl.domainInfo(sandbox.domid);
    if (paused) record.state = 'paused';
    await sandbox.correctName();
    services.log.info(`Found container ${record.name} ${record.state}`, { domid: sandbox.domid });
    await sandbox.growOn();
  }
}

/** Whether its program began. */
async function hasStarted(services: ContainerServices, record: ContainerRecord): Promise<boolean> {
  const sandbox = await Sandbox.adopt(services.sandbox, record.sandbox, NOTHING).catch(
    () => undefined,
  );
  if (!sandbox) return false;
  try {
    const { processes } = await sandbox.shim.status();
    return processes.some(({ process, hasBegun }) => process === INIT_PROCESS && hasBegun);
  } catch {
    return false;
  } finally {
    await sandbox.letGo();
  }
}

const NOTHING = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };

async function endingOf(
  status: Awaited<ReturnType<Sandbox['shim']['status']>>,
  sandbox: Sandbox,
): Promise<Ending | undefined> {
  const exit = status.processes.find((p) => p.process === INIT_PROCESS)?.exit;
  if (exit) return { exit };
  if (status.state === 'lost') return { reason: status.reason ?? 'its guest was lost' };
  return (await sandbox.isAlive()) ? undefined : { reason: 'domain destroyed' };
}

async function quitShim(services: ContainerServices, record: ContainerRecord): Promise<void> {
  const sandbox = await Sandbox.adopt(services.sandbox, record.sandbox, NOTHING).catch(
    () => undefined,
  );
  await sandbox?.destroy();
}

/** The domid may not have been written down yet: the uuid finds the domain. */
async function withDomid(
  services: ContainerServices,
  record: ContainerRecord,
): Promise<ContainerRecord['sandbox']> {
  const domid = await findDomain(services.sandbox.host, record.sandbox.uuid);
  return domid === undefined ? record.sandbox : { ...record.sandbox, domid };
}
