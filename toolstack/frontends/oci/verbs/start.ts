// SPDX-License-Identifier: Apache-2.0
// start: begins the program of a created container (runtime.md, Start).

import { errorMessage } from '../../../base/errors.js';
import { advance, hasEnded } from '../../../runtime/lifecycle/lifecycle.js';
import type { ContainerSandbox } from '../../../sandbox/sandbox.js';
import type { OciContainer } from '../container/container.js';
import type { OciServices } from '../services.js';
import { stateError } from '../errors.js';
import { runHooks } from '../engine/hooks.js';
import { nameInGuest } from '../container/record.js';
import { stateOf } from '../command-line/state.js';

/**
 * Updates the guest's network, begins the program, writes the state and runs the poststart hooks, in this order. A hook's failure ends the container.
 * Rejects with ERR_OCI_STATE unless the container is created and was not started, and as the network, the agent and the hooks do.
 */
export async function start({ pool }: OciServices, container: OciContainer): Promise<void> {
  const { record, sandbox } = container;
  if (record.state !== 'created' || !sandbox) throw stateError('start', record);
  advance(record, 'start');
  await container.network?.settled().catch((error: unknown) => {
    // The container may have ended meanwhile.
    if (!hasEnded(record)) advance(record, 'revertToCreated');
    throw error;
  });
  const begun = pool.during(() => beginFirst(container, sandbox));
  await begun.catch(async (error: unknown) => {
    // The process of crun's create has ended: it waited only for this start.
    await container.end({ reason: errorMessage(error) });
    throw error;
  });
  if (!hasEnded(record)) await container.transition('run');
  const run = { state: JSON.stringify(stateOf(record, 'running')), cwd: record.bundle };
  await runHooks('poststart', record.hooks.poststart, run).catch(async (error: unknown) => {
    await container.kill();
    throw error;
  });
}

/** Has the guest begin the container's first process, which has the size of its terminal by its process object. Rejects as the agent does. */
export function beginFirst(
  { first: process, record }: OciContainer,
  sandbox: ContainerSandbox,
): Promise<void> {
  const container = nameInGuest(record);
  const { flags } = record;
  return sandbox.begin({ process, flags, rows: 0, cols: 0, container, hostname: '', files: {} });
}
