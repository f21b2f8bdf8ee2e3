// SPDX-License-Identifier: Apache-2.0
// inspect prints the record in podman's terms.

import test from 'ava';
import { inspectContainer } from '../../../../toolstack/runtime/inspect/inspect.js';
import { RecordStore } from '../../../../toolstack/runtime/store/record.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';

const records = new RecordStore('/containers');

test('a container that ended has its end, and no domain', (t) => {
  const exit = { kind: 'signaled', signal: 9 } as const;
  const record = containerRecord({ state: 'exited', exit, started: 1000, finished: 2000 });
  record.sandbox.domid = 7;
  const shown = inspectContainer(record, records);
  t.like(shown.State, { Status: 'exited', Running: false, ExitCode: 137, Error: '' });
  t.is(shown.State.FinishedAt, '1970-01-01T00:00:02.000Z');
  t.is(shown.Domain.Id, null);
  t.is(shown.LogPath, `/containers/${record.id}/ctr.log`);
});

test('one that was lost has no status that could be taken for success', (t) => {
  const record = containerRecord({ state: 'lost', reason: 'its shim was killed' });
  const { State } = inspectContainer(record, records);
  t.like(State, { Status: 'lost', Running: false, ExitCode: -1, Error: 'its shim was killed' });
});

test('one that never ran has Go’s time of never, one that runs its domain', (t) => {
  const record = containerRecord({ state: 'created' });
  t.is(inspectContainer(record, records).State.StartedAt, '0001-01-01T00:00:00Z');
  Object.assign(record, { state: 'running' });
  record.sandbox.domid = 7;
  t.like(inspectContainer(record, records).Domain, { Id: 7, Type: 'pvh', Memory: 2 ** 26 });
  record.memoryBytes = 2 ** 24;
  const { Domain, HostConfig } = inspectContainer(record, records);
  t.deepEqual([Domain.Memory, HostConfig.Memory], [2 ** 26, 2 ** 24], 'limited within its domain');
});

test('options are told as they were given', (t) => {
  const record = containerRecord({
    stopSignal: 3,
    options: {
      ...CREATE_OPTIONS,
      capAdd: ['NET_ADMIN'],
      labels: { a: 'b' },
      restart: { name: 'on-failure', retries: 2 },
      addHosts: [{ name: 'db', address: '192.0.2.7' }],
      tmpfs: [{ path: '/x', options: ['size=1m', 'ro'] }],
    },
  });
  const { HostConfig, Config } = inspectContainer(record, records);
  t.deepEqual(HostConfig.RestartPolicy, { Name: 'on-failure', MaximumRetryCount: 2 });
  t.deepEqual(HostConfig.ExtraHosts, ['db:192.0.2.7']);
  t.deepEqual(HostConfig.Tmpfs, { '/x': 'size=1m,ro' });
  t.like(Config, { StopSignal: 'SIGQUIT', StopTimeout: 10, Labels: { a: 'b' } });
});
