// SPDX-License-Identifier: Apache-2.0
// Recovers the containers of an earlier thawd: reattaches running ones, finishes ended ones, undoes those that were half made.

import { Forget } from '../../api/wire.js';
import { goOnIfHeld } from '../../sandbox/snapshot/copy-sandbox.js';
import { sweepCopies } from '../../sandbox/snapshot/copy-disk.js';
import type { SandboxRecord } from '../../sandbox/record.js';
import { destroyOrphans, removeOrphanRecords, sweepFolders } from '../../sandbox/orphans.js';
import { Container } from '../lifecycle/container.js';
import { advance, isUp, revertTo } from '../lifecycle/lifecycle.js';
import { membershipOf } from '../membership/choose-membership.js';
import { beginningOf, releaseFound } from './half-made.js';
import { findState, noteUp } from './reattach.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { setFrozen } from '../pause/freezer.js';
import type { ContainerRecord } from '../store/record.js';
import { stateBefore } from '../create/run.js';
import { finishUpdate } from '../resize/update-running.js';
import {
  dropVolumes,
  keepVolumes,
  releaseHost,
  sweepVolumes,
  volumesOf,
} from '../create/volumes.js';

/**
 * Resolves when every recorded container is accounted for and no orphaned domain of thaw's is left. Another part of thawd accounts for the
 * sandboxes in `others`.
 */
export async function recover(
  services: ContainerServices,
  manager: ContainerManager,
  others: readonly SandboxRecord[] = [],
): Promise<void> {
  await services.pods.recover();
  const records = await services.records.loadAll(services.log);
  const gone: ContainerRecord[] = [];
  await undoParts(services, records);
  const containers = records.map((record) => new Container(record, services.records, services.log));
  await Promise.all(containers.map((one) => recoverOne(services, manager, one, gone)));
  // Only after all containers are known: another container may use the same volume.
  for (const record of gone) {
    if (record.keepsVolumes === true) await keepVolumes(services, record);
    else await dropVolumes(services, manager, record);
    await services.records.remove(record.id);
  }
  await sweepVolumes(services, manager);
  await services.volumes
    .reconcile()
    .catch((error: unknown) => services.log.error('A volume stays mounted', { error }));
  await services.pods.settle();
  // A container that does not run owns no sandbox: a start that thawd did not record left it.
  const owners = containers.filter(({ record, sandbox }) => sandbox ?? isUp(record));
  const sandboxes = [
    ...owners.map(({ record }) => record.sandbox),
    ...services.pods.sandboxes,
    ...others,
  ];
  const known = new Set(sandboxes.map(({ uuid }) => uuid));
  const ids = new Set(sandboxes.map(({ id }) => id));
  // Shims first: no domain disappears while a shim maps its memory. No shim hears of the end of a domain that xenstored does not know yet.
  await sweepFolders(services.sandbox, ids);
  await destroyOrphans(services.sandbox.host, known);
  await removeOrphanRecords(services.sandbox.host, known);
  await sweepCopies(services.sandbox);
  for (const folder of [services.images.layersFolder, services.sandbox.disks.folder])
    await services.sandbox.loops.sweep(folder);
}

/** Marks the containers of a batch for removal, unless all of them have begun: they run together or not at all. */
async function undoParts(services: ContainerServices, records: ContainerRecord[]): Promise<void> {
  for (const id of new Set(records.flatMap(({ batch }) => batch?.id ?? []))) {
    const parts = records.filter(({ batch }) => batch?.id === id);
    // A container that is recorded in a later state proves that all had begun.
    if (parts.some(({ state }) => state !== 'creating')) continue;
    const beginnings = await Promise.all(parts.map((record) => beginningOf(services, record)));
    const count = beginnings.filter((beginning) => beginning === 'begun').length;
    if (count === parts[0]?.batch?.count) continue;
    for (const record of parts) advance(record, 'undo');
  }
}

async function recoverOne(
  services: ContainerServices,
  manager: ContainerManager,
  container: Container,
  gone: ContainerRecord[],
): Promise<void> {
  const { record } = container;
  // The restart ended with the earlier thawd.
  if (record.isRestarting) record.rm = true;
  delete record.isRestarting;
  try {
    switch (record.state) {
      case 'created':
        return manager.add(container);
      case 'running':
      case 'paused':
        return await recoverRunning(services, manager, container);
      case 'starting':
      case 'creating': {
        // thawd may have ended before it recorded that the program runs.
        const beginning = await beginningOf(services, record);
        if (beginning === 'begun') return await recoverRunning(services, manager, container);
        await releaseFound(services, record, beginning === 'waiting');
        if (record.state === 'starting') return await undoStart(services, manager, container);
        return undo(services, record, gone);
      }
      case 'removing':
        await releaseFound(services, record);
        return undo(services, record, gone);
      case 'exited':
      case 'lost':
        if (record.rm) return void gone.push(record);
        return manager.add(container);
    }
  } catch (error) {
    services.log.error(`Cannot recover container ${record.name}`, { error });
  }
}

function undo(services: ContainerServices, record: ContainerRecord, gone: ContainerRecord[]): void {
  services.log.info(`Undoing container ${record.name}, which was ${record.state} when thawd ended`);
  gone.push(record);
}

/** Undoes only the start of a container that existed before it. */
async function undoStart(
  services: ContainerServices,
  manager: ContainerManager,
  container: Container,
): Promise<void> {
  const { record } = container;
  services.log.info(`Undoing the start of container ${record.name}, which thawd's end cut short`);
  manager.add(container);
  await container.transition(revertTo(stateBefore(record)));
  await releaseHost(services, record);
}

async function recoverRunning(
  services: ContainerServices,
  manager: ContainerManager,
  container: Container,
): Promise<void> {
  const { record } = container;
  const membership = membershipOf(services, record);
  await membership.adoptAddresses();
  if (record.place) container.takeSlot(record.place);
  advance(record, 'reattach');
  for (const name of volumesOf(record)) services.volumes.hold(name, record.id);
  await services.devices.adopt(record);
  const sandbox = await membership.find(container.shimEvents);
  container.sandbox = sandbox;
  const found = await findState(services.sandbox, { sandbox, slot: record.place?.slot }, () =>
    services.records.readStatus(record.id),
  );
  if (!sandbox) await membership.release();
  manager.watchOver(container);
  if (sandbox) letGoOn(services, container);
  for (const { process, exit } of found.others) {
    if (exit) continue;
    container.execs.adopt(process);
    sandbox?.shim.forget(process, Forget.LEFT);
  }
  const { ending } = found;
  if (ending && 'exit' in ending) container.shimEvents.onExit(container.execs.first, ending.exit);
  else if (ending) container.lose(ending.reason);
  if (ending && !sandbox) await container.finished;
  if (ending || !sandbox) return;
  if (record.isStill && !found.isPaused)
    // In the background: the guest may answer late.
    void setFrozen(record.inGuest, sandbox, true).catch((error: unknown) =>
      services.log.error(`Cannot freeze container ${record.name} again`, { error }),
    );
  noteUp(record, found.isPaused);
  // The earlier thawd was about to pause it, or to resume it.
  if (record.diskPause && !found.isPaused) await container.update({ diskPause: undefined });
  await sandbox.catchUp(() => {
    container.update({}).catch((error: unknown) => {
      services.log.error(`Cannot write down that ${record.name} is connected`, { error });
    });
  });
  services.log.info(`Found container ${record.name} ${record.state}`, { domid: sandbox.domid });
  await sandbox.growOn();
  // In the background: the update waits for the guest.
  void finishUpdate(services, container);
}

/** Resumes a container whose copy was interrupted. Work that needs the container running waits for this. */
function letGoOn(services: ContainerServices, container: Container): void {
  const { ownSandbox } = container;
  if (!ownSandbox) return;
  container
    .exclusive(() => goOnIfHeld(services.sandbox, ownSandbox, ownSandbox.record))
    .catch((error: unknown) =>
      services.log.error(`Cannot resume container ${container.record.name}`, { error }),
    )
    // A suspend uses up the watch on the domain's end.
    .finally(() => container.watchAgain());
}
