// SPDX-License-Identifier: Apache-2.0
// pause and resume: the domain stands still with all that is in it, and goes on.

import type { SandboxServices } from '../sandbox/services.js';
import type { OciContainer } from './container.js';
import { stateError } from './errors.js';

type Libxl = SandboxServices['host']['libxl'];
type Pauses = Pick<Libxl, 'domainPause' | 'domainInfo' | 'xcDomainUnpause'>;

/** Rejects with ERR_OCI_STATE unless it is running. */
export async function pause(libxl: Pauses, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('pause', record);
  container.isPausing = true;
  await libxl.domainPause(sandbox.domid).finally(() => (container.isPausing = false));
  if (isOver(container)) throw stateError('pause', record);
  await container.update({ state: 'paused' });
}

/** Rejects with ERR_OCI_STATE unless it is paused. */
export async function resume(libxl: Pauses, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'paused' || !sandbox) throw stateError('resume', record);
  // Xen counts, and xl may have paused it as well, or let it go.
  for (let count = 0; count < 10; count++) {
    if (!(await libxl.domainInfo(sandbox.domid)).paused) break;
    await libxl.xcDomainUnpause(sandbox.domid);
  }
  if (isOver(container)) throw stateError('resume', record);
  await container.update({ state: 'running' });
}

/** It has ended while Xen was asked: that stands in the books already. */
function isOver({ record }: OciContainer): boolean {
  return record.state === 'stopped';
}
