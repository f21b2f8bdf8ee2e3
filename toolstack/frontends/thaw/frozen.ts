// SPDX-License-Identifier: Apache-2.0
// Freezes images and containers, and lists templates: the part of the engine for templates.

import type {
  Client,
  FreezeContainerOptions,
  FreezeOptions,
  TemplateSummary,
} from '../../api/engine.js';
import { defined } from '../../base/defined.js';
import { withProgress } from '../../base/progress.js';
import type { ContainerPlan, FrozenPlan } from '../../clone/frozen/plan.js';
import type { Template } from '../../clone/template/template.js';
import { runBefore } from '../../runtime/exec/warm-up.js';
import type { Container } from '../../runtime/lifecycle/container.js';
import { copyContainer } from '../../runtime/snapshot/snapshot.js';
import { planFreeze } from '../../runtime/snapshot/frozen.js';
import type { ContainerServices } from '../../runtime/store/containers.js';
import { checkName } from '../../runtime/store/names.js';
import { findImage } from '../../runtime/store/image-of.js';
import { limitsOf } from '../../runtime/store/record.js';
import { checkLimits } from '../../sandbox/size/size.js';

/** The number of clones of a frozen image that the pool keeps without demand. */
const FROZEN_READY = 1;

/** Makes a frozen image, in place of one of the same name. Rejects with ERR_DISK_RESERVE and as FrozenImages.freeze() does. */
export async function freeze(
  services: ContainerServices,
  options: FreezeOptions,
  client: Client,
): Promise<TemplateSummary> {
  checkName(options.name);
  const { sandbox, images, frozen, pool } = services;
  const limits = await checkLimits(options, sandbox);
  const image = await findImage(images, options, client);
  const plan = planFreeze(image, options, client, limits, sandbox.hostCpus);
  const bytes = plan.shape.memoryKib * 1024;
  const giveBack = await sandbox.budget.reserve(plan.shape.memoryKib);
  try {
    const { template } = await sandbox.reserve.holding(
      frozen.folder,
      `freeze ${plan.name}`,
      bytes,
      () => withProgress(client, (onProgress) => frozen.freeze(plan, onProgress)),
    );
    pool.keep(template, FROZEN_READY);
    return summarize(services, plan, template);
  } finally {
    giveBack();
  }
}

/**
 * Makes a frozen image of a container in its state after `after`, in place of one of the same name. The container runs on. Rejects with
 * ERR_DISK_RESERVE and as copyContainer() and FrozenImages.keep() do.
 */
export async function freezeContainer(
  services: ContainerServices,
  container: Container,
  { name, after }: FreezeContainerOptions,
  client: Client,
): Promise<TemplateSummary> {
  checkName(name);
  const { frozen, sandbox } = services;
  const action = `freeze ${name}`;
  const bytes = container.record.sandbox.memoryKib * 1024;
  // Before a command that may take long.
  await sandbox.reserve.check(frozen.folder, action, bytes);
  if (after !== '') await runBefore(services, container, after, client);
  return sandbox.reserve.holding(frozen.folder, action, bytes, () =>
    keepCopy(services, container, { name, after }, client),
  );
}

async function keepCopy(
  services: ContainerServices,
  container: Container,
  { name, after }: FreezeContainerOptions,
  client: Client,
): Promise<TemplateSummary> {
  const copied = await withProgress(client, (onProgress) => {
    onProgress({ text: `Freezing ${name}` });
    return copyContainer(services, container, 'freeze', client.signal);
  });
  const { image, imageId, command, inGuest, process, memoryBytes } = container.record;
  const plan: ContainerPlan = {
    kind: 'container',
    name,
    image,
    imageId,
    command,
    inGuest,
    after,
    limits: limitsOf(container.record),
    ...defined({ process, memoryBytes }),
    shape: copied.shape,
    vcpus: copied.running?.vcpus ?? 1,
    layers: copied.running?.disks ?? [],
    created: Date.now(),
  };
  const { template } = await services.frozen.keep(plan, copied);
  return summarize(services, plan, template);
}

/** Resolves with all templates: frozen images by name, then those with the kernel alone. */
export async function listTemplates(services: ContainerServices): Promise<TemplateSummary[]> {
  const { sandbox, frozen, pool } = services;
  const plain = (await sandbox.templates.list()).map(({ key, shape, bytes }) => ({
    kind: 'kernel' as const,
    key,
    type: shape.type,
    vcpus: shape.vcpus,
    memoryBytes: shape.memoryKib * 1024,
    bytes,
    ready: pool.ready(key),
  }));
  const named = frozen.list().map((plan) => summarize(services, plan, frozen.loaded(plan.name)));
  return [...named, ...plain];
}

/** Loads the frozen images that the pool is to hold clones of. Logs an image that it cannot load. */
export async function keepFrozen({ frozen, pool, log }: ContainerServices): Promise<void> {
  for (const { name, kind } of frozen.list()) {
    // The pool keeps no clones of frozen containers: each clone would take all the memory that its container had.
    if (kind === 'container') continue;
    try {
      pool.keep((await frozen.get(name)).template, FROZEN_READY);
    } catch (error) {
      log.warn(`The pool has no clone of ${name}`, { error });
    }
  }
}

function summarize(
  { pool }: ContainerServices,
  { kind, name, image, command, created, shape }: FrozenPlan,
  template: Template | undefined,
): TemplateSummary {
  return {
    kind,
    name,
    image,
    command,
    created,
    type: shape.type,
    vcpus: shape.vcpus,
    memoryBytes: shape.memoryKib * 1024,
    ...(template ? { key: template.key, bytes: template.bytes } : {}),
    ready: template ? pool.ready(template.key) : 0,
  };
}
