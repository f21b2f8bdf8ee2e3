// SPDX-License-Identifier: Apache-2.0
// Checks the options of a container that is to share its pod's domain.

import { ContainerError } from '../errors.js';
import { POD_MEMORY_BYTES, type Pod } from '../pod/index.js';
import type { MemberOptions } from './membership.js';

/** Throws ERR_USAGE for options that a container in the pod cannot have. */
export function checkMember(pod: Pod, options: MemberOptions): void {
  const { devices = [], memoryBytes = 0, cpus = 0 } = options;
  const refuse = (what: string, why: string): never => {
    throw new ContainerError('ERR_USAGE', `Cannot use ${what} in pod "${pod.record.name}": ${why}`);
  };
  if (options.frozen !== undefined)
    refuse(`--frozen ${options.frozen}`, 'what was frozen has a domain of its own');
  if (devices.length > 0)
    refuse(`--device ${devices[0]?.source}`, 'devices of the host come into a domain as it starts');
  const { memoryBytes: podBytes = POD_MEMORY_BYTES, cpus: podCpus = 1 } = pod.record.options;
  if (memoryBytes > podBytes) refuse(`--memory ${memoryBytes}`, `its domain has ${podBytes} bytes`);
  if (cpus > Math.ceil(podCpus)) refuse(`--cpus ${cpus}`, `its domain has ${Math.ceil(podCpus)}`);
}
