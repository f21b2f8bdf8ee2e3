// SPDX-License-Identifier: Apache-2.0
// Runs containers' health check commands at intervals, and derives each container's health from their exit statuses, as podman does.

import type { HealthCheck, HealthState } from '../../api/engine.js';
import { shellStatus } from '../../api/wire.js';
import { TimeoutError, withDeadline } from '../../base/deadline.js';
import { describeError } from '../../base/errors.js';
import type { Container } from '../lifecycle/container.js';
import { ContainerError, stateError } from '../errors.js';
import { beginIn } from '../exec/exec.js';
import type { ContainerManager, ContainerServices } from '../store/containers.js';
import { NULL_CLIENT } from '../exec/null-client.js';

/** podman's inspect shows this many results. */
const LOG_LENGTH = 5;
const SIGKILL = 9;

/** Returns the health after one more result. `sinceStartMs` is the container's age. Pure. */
export function nextHealth(
  before: HealthState,
  check: HealthCheck,
  result: HealthState['log'][number],
  sinceStartMs: number,
): HealthState {
  const log = [...before.log, result].slice(-LOG_LENGTH);
  if (result.exitCode === 0) return { status: 'healthy', failures: 0, log };
  // A failure in the start period does not count.
  if (before.status === 'starting' && sinceStartMs < check.startPeriodMs) return { ...before, log };
  const failures = before.failures + 1;
  return { status: failures >= check.retries ? 'unhealthy' : before.status, failures, log };
}

/** Runs the check once and records its result. Rejects with ERR_CONTAINER_STATE for a container that does not run. */
export async function checkHealth(
  services: ContainerServices,
  container: Container,
): Promise<HealthState> {
  const { record } = container;
  const check = record.options?.health;
  if (!check)
    throw new ContainerError(
      'ERR_CONTAINER_HEALTH',
      `Cannot check the health of container "${record.name}": it was made without --health-cmd`,
    );
  if (record.state !== 'running') throw stateError('check the health of', record);
  const started = Date.now();
  const exitCode = await runCheck(services, container, check);
  const before = record.health ?? { status: 'starting', failures: 0, log: [] };
  const result = { start: started, end: Date.now(), exitCode };
  const health = nextHealth(before, check, result, started - (record.started ?? 0));
  record.health = health;
  if (health.status === before.status) return health;
  services.events.tell('health_status', record);
  await container.update({ health });
  return health;
}

/** Resolves with the check's exit status. It is 1 for a check that did not end in time, as with podman, or could not begin. */
async function runCheck(
  services: ContainerServices,
  container: Container,
  { command, timeoutMs }: HealthCheck,
): Promise<number> {
  const options = { command, env: [], interactive: false, tty: false, detach: true };
  const { name } = container.record;
  try {
    const { id, ended } = await beginIn(services, container, options, NULL_CLIENT);
    const inTime = withDeadline(ended, timeoutMs, `The health check of ${name}`);
    const exit = await inTime.catch((error: unknown) => {
      if (error instanceof TimeoutError) container.sandbox?.shim.signal(id, SIGKILL);
      throw error;
    });
    return exit ? shellStatus(exit) : 1;
  } catch (error) {
    services.log.debug(`Health check of container ${name}: ${describeError(error)}`);
    return 1;
  }
}

export class HealthChecks {
  readonly #services: ContainerServices;
  readonly #manager: ContainerManager;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #stop: () => void;

  /** Checks the containers that run already, and those that start later, until close(). */
  constructor(services: ContainerServices, manager: ContainerManager) {
    this.#services = services;
    this.#manager = manager;
    this.#stop = services.events.listen(({ action, id }) => {
      if (action === 'start') this.#begin(id);
      if (action === 'died' || action === 'remove') this.#end(id);
    });
    for (const { record } of manager.containers)
      if (record.state === 'running' || record.state === 'paused') this.#plan(record.id, 0);
  }

  close(): void {
    this.#stop();
    for (const id of [...this.#timers.keys()]) this.#end(id);
  }

  #begin(id: string): void {
    const record = this.#manager.get(id)?.record;
    if (!record?.options?.health) return;
    record.health = { status: 'starting', failures: 0, log: [] };
    this.#plan(id, 0);
  }

  #plan(id: string, afterMs: number): void {
    const health = this.#manager.get(id)?.record.options?.health;
    if (!health || health.intervalMs === 0) return;
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => void this.#check(id, health.intervalMs), afterMs),
    );
  }

  async #check(id: string, intervalMs: number): Promise<void> {
    const container = this.#manager.get(id);
    try {
      if (container?.record.state === 'running') await checkHealth(this.#services, container);
    } catch (error) {
      this.#services.log.warn(
        `Cannot write down the health of a container: ${describeError(error)}`,
      );
    }
    // The container may have ended meanwhile.
    if (this.#timers.has(id)) this.#plan(id, intervalMs);
  }

  #end(id: string): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}
