// SPDX-License-Identifier: Apache-2.0
// Restart policies: selects the containers to start again, and starts them at their end.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import type { CreateOptions, RestartPolicy } from '../../../../toolstack/api/engine.js';
import type { ContainerRecord } from '../../../../toolstack/runtime/store/record.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { RestartPolicies, wantsRestart } from '../../../../toolstack/runtime/lifecycle/restart.js';
import { startContainer } from '../../../../toolstack/runtime/create/run.js';
import { stopContainer } from '../../../../toolstack/runtime/lifecycle/stop.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

function optionsWith(name: RestartPolicy['name'], retries = 0): CreateOptions {
  return {
    ...CREATE_OPTIONS,
    restart: { name, retries },
  };
}

test('the policy, the exit and what somebody wanted decide', (t) => {
  const failed = { kind: 'exited', code: 3 } as const;
  const good = { kind: 'exited', code: 0 } as const;
  const cases: [boolean, RestartPolicy['name'], Partial<ContainerRecord>][] = [
    [false, 'no', { exit: failed }],
    [true, 'always', { exit: good }],
    [true, 'unless-stopped', { exit: good }],
    [true, 'always', { state: 'lost', reason: 'domain destroyed' }],
    [false, 'always', { exit: good, isStopped: true }],
    [false, 'always', { exit: good, rm: true }],
    [false, 'always', { state: 'running' }],
    [false, 'always', { state: 'created' }],
    [false, 'on-failure', { exit: good }],
    [true, 'on-failure', { exit: failed, restarts: 99 }],
    [true, 'on-failure', { exit: { kind: 'signaled', signal: 9 } }],
    [true, 'on-failure', { state: 'lost', reason: 'domain destroyed' }],
  ];
  for (const [expected, name, change] of cases) {
    const record = containerRecord({ state: 'exited', options: optionsWith(name), ...change });
    t.is(wantsRestart(record), expected, `${name} ${JSON.stringify(change)}`);
  }
  const counted = { state: 'exited', exit: failed, options: optionsWith('on-failure', 2) } as const;
  t.true(wantsRestart(containerRecord({ ...counted, restarts: 1 })));
  t.false(wantsRestart(containerRecord({ ...counted, restarts: 2 })));
});

test('a container that ends is started again, also after a start that failed, until somebody stops it', async (t) => {
  const options = optionsWith('always');
  const all = await runningContainer(t, { options, imageId: 'sha256:cd' });
  const { services, manager, container, record } = all;
  const policies = new RestartPolicies(services, manager);
  t.teardown(() => policies.close());
  container.shimEvents.onExit(1, { kind: 'exited', code: 0 });
  await container.finished;
  // Each start fails: the host of this test has no template.
  for (let i = 0; (record.restarts ?? 0) < 2 && i < 200; i++) await delay(20);
  t.true((record.restarts ?? 0) >= 2);
  await stopContainer(services, manager, 'web');
  const { restarts } = record;
  await delay(500);
  t.is(record.restarts, restarts);
  t.is(record.state, 'exited');
});

test('somebody who starts it begins its count anew; a start that fails waits longer each time', async (t) => {
  const options = optionsWith('always');
  const all = await runningContainer(t, { options, imageId: 'sha256:cd', started: 1 });
  const { services, manager, container, record } = all;
  const policies = new RestartPolicies(services, manager);
  t.teardown(() => policies.close());
  // It ran for long, and each later start fails.
  container.shimEvents.onExit(1, { kind: 'exited', code: 0 });
  await container.finished;
  const began = Date.now();
  for (let i = 0; (record.restarts ?? 0) < 3 && i < 1000; i++) await delay(20);
  // Delays of 100, 200 and 400 ms, plus the work of each start.
  t.is(record.restarts, 3);
  t.true(Date.now() - began >= 650, `${Date.now() - began} ms`);
  policies.close();
  const alone = { attach: false, interactive: false };
  await t.throwsAsync(startContainer(services, manager, 'web', alone, fakeClient().client));
  t.is(record.restarts, 0);
});

/** A container that its policy restarts while its sandbox is still ending. */
async function ending(t: Parameters<typeof runningContainer>[0]) {
  const all = await runningContainer(t, { options: optionsWith('always'), imageId: 'sha256:cd' });
  let goes: () => void = () => undefined;
  const going = new Promise<void>((resolve) => (goes = resolve));
  Object.assign(all.container.sandbox ?? {}, { destroy: () => going });
  const policies = new RestartPolicies(all.services, all.manager);
  t.teardown(() => policies.close());
  all.container.shimEvents.onExit(1, { kind: 'exited', code: 0 });
  await all.container.ended;
  // By then the policy waits for the end of the sandbox, and so does this start.
  await delay(300);
  return { ...all, goes };
}

test('who stops it while its policy waits to start it has it stopped', async (t) => {
  const { services, manager, record, goes } = await ending(t);
  const stopped = stopContainer(services, manager, 'web');
  goes();
  await stopped;
  await delay(300);
  t.is(record.state, 'exited');
  t.is(record.restarts ?? 0, 0);
});

test('who removes it while its policy waits to start it has it removed, or is told that it starts', async (t) => {
  const { manager, records, record, goes } = await ending(t);
  const removed = manager.remove('web', true).then(
    () => true,
    () => false,
  );
  goes();
  const isGone = await removed;
  await delay(300);
  t.is(manager.get(record.id) === undefined, isGone);
  t.is((await records.loadAll(silentLog())).length, isGone ? 0 : 1);
});
