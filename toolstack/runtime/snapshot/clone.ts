// SPDX-License-Identifier: Apache-2.0
// thaw clone: makes containers that continue independently from the state of a running one. All of them start, or none.

import { randomBytes } from 'node:crypto';
import type { Client, CloneOptions, ContainerSummary } from '../../api/engine.js';
import { Undo } from '../../base/undo.js';
import { bytesToCopy } from '../../disk/index.js';
import { closeFd } from '../../clone/template/memfd.js';
import type { Template } from '../../clone/template/template.js';
import { removeCopy } from '../../sandbox/snapshot/copy-disk.js';
import { createSandbox } from '../../sandbox/create/create.js';
import { Container } from '../lifecycle/container.js';
import { copyContainer, recordOfCopy } from './snapshot.js';
import { ContainerError } from '../errors.js';
import { planBegin } from './frozen.js';
import { summarize, type ContainerManager, type ContainerServices } from '../store/containers.js';

/** With more clones at once, a start would wait for minutes. */
const COUNT_MAX = 100;

/**
 * Clones a running container. The container is frozen for a moment, then it and its clones continue. Resolves with the clones once all
 * of them run. Leaves no clone when it rejects.
 */
export async function cloneContainer(
  services: ContainerServices,
  manager: ContainerManager,
  source: Container,
  options: CloneOptions,
  client: Client,
): Promise<ContainerSummary[]> {
  const { count } = options;
  if (!Number.isInteger(count) || count < 1 || count > COUNT_MAX)
    throw new ContainerError(
      'ERR_USAGE',
      `Cannot make ${count} clones: from 1 to ${COUNT_MAX} are allowed`,
    );
  const { sandbox, pool, log } = services;
  const names: string[] = [];
  const batch = { id: randomBytes(8).toString('hex'), count };
  try {
    for (let i = 1; i <= count; i++) names.push(manager.reserveName(nameOf(options, i)));
    // A lack of memory or of disk must show before the container is frozen.
    await checkDisks(services, source, count);
    (await sandbox.budget.reserve(count * source.record.sandbox.memoryKib))();
    return await pool.during(async () => {
      const copied = await copyContainer(services, source, 'clone', client.signal);
      const template = { ...copied, key: `copy-${randomBytes(8).toString('hex')}` };
      try {
        return await Undo.guard(log, async (undo) => {
          const made: Container[] = [];
          for (const name of names) {
            const record = await recordOfCopy(sandbox, source.record, { name, rm: options.rm });
            record.batch = batch;
            if (options.owner !== undefined) record.owner = options.owner;
            const container = new Container(record, services.records, log);
            undo.push(`container ${name}`, () => manager.undo(container));
            await prepare(services, manager, container, template, client.signal);
            made.push(container);
          }
          for (const container of made) await begin(services, container, client);
          // Only after all have begun: the next thawd takes one clone that is recorded as running as proof that all began.
          for (const container of made) await container.transition('run');
          for (const container of made) manager.watchOver(container);
          return made.map(({ record }) => summarize(record));
        });
      } finally {
        await sandbox.engine.forget(template);
        closeFd(template.fd);
        await removeCopy(template.running?.upper);
      }
    });
  } finally {
    for (const name of names) manager.freeName(name);
  }
}

/** Rejects with ERR_DISK_RESERVE where the disk has no room for the clones' writable layers. */
async function checkDisks(
  { sandbox: { reserve, disks } }: ContainerServices,
  { record }: Container,
  count: number,
): Promise<void> {
  const { disk } = record.sandbox;
  if (!disk) return;
  const bytes = count * (await bytesToCopy(disk.path, disks.folder));
  await reserve.check(disks.folder, `clone container "${record.name}"`, bytes);
}

function nameOf({ name, count }: CloneOptions, number: number): string | undefined {
  return name === undefined || count === 1 ? name : `${name}-${number}`;
}

/** Makes a container up to its first step: it has domain, devices, shim and files, and its processes wait. */
export async function prepare(
  { records, sandbox: services, pool }: ContainerServices,
  manager: ContainerManager,
  container: Container,
  template: Template,
  signal: AbortSignal,
): Promise<void> {
  const { record } = container;
  manager.add(container);
  const folder = records.makeFolder(record.id);
  // `meanwhile` awaits the folder and reports its failure.
  folder.catch(() => undefined);
  container.sandbox = await createSandbox(services, pool, record.sandbox, {
    events: container.shimEvents,
    meanwhile: async ({ shim }) => {
      await folder;
      await records.save(record);
      const [log, status] = [records.logPath(record.id), records.statusPath(record.id)];
      await shim.expect(container.execs.first, record.flags, log, status);
    },
    signal,
    frozen: template,
  });
}

/** Resumes a prepared copy. */
export async function begin(
  services: ContainerServices,
  container: Container,
  client: Client,
): Promise<void> {
  const { network } = container.record.sandbox;
  if (network) await services.sandbox.networks.publish(network);
  await container.sandbox?.begin(planBegin(container.record, client));
}
