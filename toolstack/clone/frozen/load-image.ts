// SPDX-License-Identifier: Apache-2.0
// Loads a stored frozen image where it still fits its guest and this host. A container's, which cannot be made again, is refused otherwise.

import { createHash } from 'node:crypto';
import { access } from 'node:fs/promises';
import type { XenHost } from '../../xen/host.js';
import { cannotRemake, type ContainerPlan, type FrozenPlan } from './plan.js';
import { closeFd } from '../template/memfd.js';
import { templateKey, type GuestFiles } from '../template/shape.js';
import { loadTemplate, type Template } from '../template/template.js';

/** Returns 20 hex digits that are the same for the same guest, host, shape and contents. */
export async function frozenKey(
  host: XenHost,
  guest: GuestFiles,
  plan: FrozenPlan,
): Promise<string> {
  const parts = [await templateKey(host, guest, plan.shape), plan];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 20);
}

/** Loads the template of a container that was frozen while it ran. Rejects with ERR_FROZEN_CONTAINER where it is damaged or does not fit. */
export async function loadContainer(
  plan: ContainerPlan,
  folder: string,
  key: string,
): Promise<Template> {
  const template = await loadTemplate(folder).catch((error: unknown) => {
    throw cannotRemake(plan, 'its stored memory is damaged', error);
  });
  if (!template) throw cannotRemake(plan, 'its stored memory is gone');
  try {
    if (template.key !== key) throw cannotRemake(plan, 'its guest or this host has changed');
    await Promise.all(plan.layers.map((layer) => access(layer))).catch((cause: unknown) => {
      throw cannotRemake(plan, `a layer of ${plan.image} is gone`, cause);
    });
    const { upper } = template.running ?? {};
    if (upper)
      await access(upper.path).catch((cause: unknown) => {
        throw cannotRemake(plan, 'its writable layer is gone', cause);
      });
    return template;
  } catch (error) {
    closeFd(template.fd);
    throw error;
  }
}
