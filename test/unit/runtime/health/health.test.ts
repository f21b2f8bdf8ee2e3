// SPDX-License-Identifier: Apache-2.0
// Results of health checks count as in podman. Checks run by themselves while the container runs.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import type { CreateOptions, HealthCheck, HealthState } from '../../../../toolstack/api/engine.js';
import {
  checkHealth,
  HealthChecks,
  nextHealth,
} from '../../../../toolstack/runtime/health/health.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const CHECK: HealthCheck = {
  command: ['true'],
  intervalMs: 10,
  timeoutMs: 1000,
  retries: 2,
  startPeriodMs: 5000,
};
const NEW: HealthState = { status: 'starting', failures: 0, log: [] };
const result = (exitCode: number) => ({ start: 1, end: 2, exitCode });
const optionsWith = (health?: HealthCheck) => ({ image: 'busybox', health }) as CreateOptions;

test('one good check is enough, so many bad ones in a row are needed', (t) => {
  const bad = (before: HealthState) => nextHealth(before, CHECK, result(1), 9000);
  t.like(nextHealth(NEW, CHECK, result(0), 0), { status: 'healthy', failures: 0 });
  const once = bad(NEW);
  t.like(once, { status: 'starting', failures: 1 });
  t.like(bad(once), { status: 'unhealthy', failures: 2 });
  const well = nextHealth(bad(once), CHECK, result(0), 9000);
  t.like(well, { status: 'healthy', failures: 0 });
  t.like(bad(well), { status: 'healthy', failures: 1 });
});

test('while it comes up what fails does not count, but is shown', (t) => {
  const early = nextHealth(NEW, CHECK, result(1), 4999);
  t.like(early, { status: 'starting', failures: 0 });
  t.is(early.log.length, 1);
  const well = nextHealth(early, CHECK, result(0), 100);
  t.like(nextHealth(well, CHECK, result(1), 200), { failures: 1 });
});

test('the last few are kept', (t) => {
  let health = NEW;
  for (let i = 0; i < 9; i++) health = nextHealth(health, CHECK, result(i % 2), 0);
  t.is(health.log.length, 5);
});

test('a check that cannot run has failed, and what changes is told and written down', async (t) => {
  const all = await runningContainer(t, { options: optionsWith({ ...CHECK, startPeriodMs: 0 }) });
  const { services, container, record } = all;
  const told: (string | undefined)[] = [];
  t.teardown(services.events.listen(({ action, health }) => void told.push(`${action} ${health}`)));
  // This test's sandbox has no agent.
  t.is((await checkHealth(services, container)).log.at(-1)?.exitCode, 1);
  t.is(record.health?.status, 'starting');
  await checkHealth(services, container);
  t.is(record.health?.status, 'unhealthy');
  t.deepEqual(told, ['health_status unhealthy']);
});

test('without a check, or when it does not run, nothing can be said', async (t) => {
  const { services, container, record } = await runningContainer(t, { options: optionsWith() });
  await t.throwsAsync(checkHealth(services, container), { code: 'ERR_CONTAINER_HEALTH' });
  record.options = optionsWith(CHECK);
  Object.assign(record, { state: 'exited' });
  await t.throwsAsync(checkHealth(services, container), { code: 'ERR_CONTAINER_STATE' });
});

test('checks run by themselves until the container ends', async (t) => {
  const all = await runningContainer(t, { options: optionsWith({ ...CHECK, startPeriodMs: 0 }) });
  const { services, manager, record } = all;
  const checks = new HealthChecks(services, manager);
  t.teardown(() => checks.close());
  for (let i = 0; record.health?.status !== 'unhealthy' && i < 200; i++) await delay(20);
  t.is(record.health?.status, 'unhealthy');
  services.events.tell('start', record);
  t.is(record.health?.status, 'starting');
  const checked = () => record.health?.log.length ?? 0;
  for (let i = 0; checked() < 2 && i < 200; i++) await delay(20);
  Object.assign(record, { state: 'exited' });
  services.events.tell('died', record);
  await delay(50);
  const count = record.health?.failures;
  await delay(100);
  t.is(record.health?.failures, count);
});
