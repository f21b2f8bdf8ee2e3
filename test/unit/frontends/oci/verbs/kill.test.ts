// SPDX-License-Identifier: Apache-2.0
// kill signals the first process; a container without a process, or with a frozen guest, ends without its guest.

import test from 'ava';
import type { ContainerState } from '../../../../../toolstack/api/container.js';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import type {
  OciRecord,
  OciStore,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import { kill } from '../../../../../toolstack/frontends/oci/verbs/kill.js';
import type { Sandbox } from '../../../../../toolstack/sandbox/sandbox.js';

const [TERM, KILL, WINCH] = [15, 9, 28];

function given(state: ContainerState) {
  const record = { id: 'one', state, cgroup: '' } as OciRecord;
  const store = { save: () => Promise.resolve() } as unknown as OciStore;
  const container = new OciContainer(record, store, silentLog());
  const sent: number[] = [];
  container.sandbox = {
    shim: { signal: (_process: number, signal: number) => void sent.push(signal) },
    destroy: () => Promise.resolve(),
  } as unknown as Sandbox;
  return { container, record, sent };
}

test('a running container gets the signal, and ends when its process does', async (t) => {
  const { container, record, sent } = given('running');
  await kill(container, TERM);
  await kill(container, KILL);
  t.deepEqual(sent, [TERM, KILL]);
  t.is(record.state, 'running');
  await container.kill();
});

test('a frozen guest takes no SIGKILL: the container ends at once', async (t) => {
  const { container, record, sent } = given('paused');
  await kill(container, TERM);
  await kill(container, KILL);
  t.deepEqual(sent, [TERM]);
  t.like(record, { state: 'exited', exit: { kind: 'signaled', signal: KILL } });
});

test('a container that was not started ends by a signal that would end its process', async (t) => {
  const { container, record, sent } = given('created');
  await kill(container, WINCH);
  t.is(record.state, 'created');
  await kill(container, TERM);
  t.deepEqual(sent, []);
  t.like(record, { state: 'exited', exit: { kind: 'signaled', signal: TERM } });
});

test('a container that is being made or has ended is refused', async (t) => {
  for (const state of ['creating', 'exited', 'lost'] as const)
    await t.throwsAsync(kill(given(state).container, TERM), { code: 'ERR_OCI_STATE' }, state);
});
