// SPDX-License-Identifier: Apache-2.0
// update: another size for a container that runs, by its domain and its guest's cgroup.

import { askLimit } from '../sandbox/agent-calls.js';
import { cpuMax, memoryMax, pidsMax } from '../sandbox/cgroup-files.js';
import { checkLimits, limitWithin } from '../sandbox/limits.js';
import { mostVcpus, resizeMemory, resizeVcpus } from '../sandbox/resize.js';
import type { SandboxServices } from '../sandbox/services.js';
import type { OciContainer } from './container.js';
import { OciError, stateError } from './errors.js';
import type { OciLimits } from './record.js';

/**
 * What `change` has is changed; Infinity takes a limit away. What was changed before a part that fails stays. Rejects with
 * ERR_OCI_STATE, ERR_USAGE, and as resizeMemory() and resizeVcpus() do.
 */
export async function update(
  services: SandboxServices,
  container: OciContainer,
  change: OciLimits,
): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('update', record);
  const { memoryBytes, cpus, pids } = change;
  if (memoryBytes === Infinity)
    throw new OciError('ERR_USAGE', 'Cannot have memory without a limit: a domain has a size');
  const limits = finite({ ...record.limits, ...change });
  const { memoryKib } = await checkLimits(limits, services);
  const vcpus = cpus === undefined || cpus === Infinity ? sandbox.record.vcpus : Math.ceil(cpus);
  if (vcpus > mostVcpus(sandbox.record, services))
    throw new OciError(
      'ERR_USAGE',
      `Cannot have ${cpus} CPUs: its domain was made for ${mostVcpus(sandbox.record, services)}`,
    );
  // A size that it is still to get would come in between.
  await sandbox.grown;
  if (vcpus !== sandbox.record.vcpus) await resizeVcpus(services, sandbox, vcpus);
  if (memoryBytes !== undefined) await resizeMemory(services, sandbox, memoryKib, record.key);
  await askLimit(await sandbox.agent(), {
    ...{ container: record.key, freeze: '' },
    cpuMax: cpus === undefined ? '' : cpuMax(limits.cpus, true),
    pidsMax: pids === undefined ? '' : pidsMax(limits.pids ?? 0),
    memoryMax: memoryBytes === undefined ? '' : memoryMax(limitWithin(memoryBytes)),
  });
  await container.update({ limits });
}

/** Those that are limits. */
function finite(limits: OciLimits): OciLimits {
  return Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== Infinity));
}
