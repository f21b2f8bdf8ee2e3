// SPDX-License-Identifier: Apache-2.0
// Lends a checkpoint and its template to the restore of either front end: this host must be able to take its domain, and nothing of either stays.

import { CheckpointFile, pagesToRestore, type CheckpointHeader } from '../../checkpoint/index.js';
import { closeFd } from '../../clone/template/memfd.js';
import type { Template } from '../../clone/template/template.js';
import { checkTraits } from '../../clone/template/host-traits.js';
import type { SandboxServices } from '../../sandbox/services.js';
import { checkLimits } from '../../sandbox/size/size.js';
import { checkRoomForPages } from '../../sandbox/snapshot/spool.js';

/**
 * Opens the checkpoint for `use`. Messages call it `name`. Rejects with ERR_CHECKPOINT_FILE for a file that is none, with ERR_CHECKPOINT_HOST
 * for one of another host, and as `use` does.
 */
export async function withCheckpoint<T>(
  { templates }: SandboxServices,
  path: string,
  name: string,
  use: (file: CheckpointFile) => Promise<T>,
): Promise<T> {
  const file = await CheckpointFile.open(path, name);
  try {
    checkTraits(name, file.header.host, await templates.traits());
    return await use(file);
  } finally {
    await file.close();
  }
}

/** Rejects with ERR_USAGE or ERR_MEMORY where the host cannot have the domain. A lack of memory must show before the memory is read. */
export async function checkSize(
  services: SandboxServices,
  { domain, memory }: CheckpointHeader,
): Promise<void> {
  const { shape, memoryKib, vcpus } = domain;
  const asked = { type: shape.type, memoryBytes: memoryKib * 1024, cpus: vcpus };
  await checkLimits(asked, services, shape.memoryKib);
  (await services.budget.reserve(memoryKib))();
  // The stream is in memory beside its pages.
  await checkRoomForPages(pagesToRestore(memory));
}

/** Calls `use`, then gives up the template: it serves one restore. Rejects as `use` does. */
export async function withTemplate<T>(
  { engine }: SandboxServices,
  template: Template,
  use: (template: Template) => Promise<T>,
): Promise<T> {
  try {
    return await use(template);
  } finally {
    await engine.forget(template);
    closeFd(template.fd);
  }
}
