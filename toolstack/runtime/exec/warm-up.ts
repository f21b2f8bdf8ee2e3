// SPDX-License-Identifier: Apache-2.0
// Runs a command in a container before the freeze, so that the frozen image is warm.

import type { Client } from '../../api/engine.js';
import { ProcessFlag, shellStatus, type ExitStatus } from '../../api/wire.js';
import { ThawError } from '../../base/errors.js';
import type { Container } from '../lifecycle/container.js';
import { runIn } from './exec.js';
import type { ContainerServices } from '../store/containers.js';

/** The command of --after failed. `thaw freeze` exits with the command's exit status. */
export class AfterError extends ThawError {
  readonly status: number;

  constructor(container: string, exit: ExitStatus | undefined) {
    const how = !exit
      ? 'was lost'
      : exit.kind === 'exited'
        ? `ended with status ${exit.code}`
        : `was killed by signal ${exit.signal}`;
    super(
      'ERR_FREEZE_AFTER',
      `Cannot freeze container "${container}": the command of --after ${how}, so nothing is frozen`,
    );
    this.status = exit ? shellStatus(exit) : 125;
  }
}

/**
 * Runs `command` with the container's own shell. Its output goes to the client's stderr: stdout is for the name of the frozen image.
 * Resolves when the command has ended with status 0. Rejects with ERR_FREEZE_AFTER, and as execIn() does.
 */
export async function runBefore(
  services: ContainerServices,
  container: Container,
  command: string,
  client: Client,
): Promise<void> {
  const options = {
    command: ['sh', '-c', 'exec 1>&2; exec sh -c "$0"', command],
    interactive: false,
    tty: false,
    detach: false,
    env: [],
  };
  const joiner: Client = {
    ...client,
    join: (shimSocket, id, flags) => client.join(shimSocket, id, flags | ProcessFlag.PART),
  };
  const exit = await runIn(services, container, options, joiner);
  if (exit?.kind !== 'exited' || exit.code !== 0) throw new AfterError(container.record.name, exit);
}
