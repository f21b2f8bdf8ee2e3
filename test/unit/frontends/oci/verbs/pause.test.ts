// SPDX-License-Identifier: Apache-2.0
// pause and resume of a domain. A container in another state, or one that ends meanwhile, is refused.
import test from 'ava';
import { AgentType } from '../../../../../toolstack/agent/wire.js';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import {
  pause,
  pauseNow,
  resume,
  wakeFrozen,
} from '../../../../../toolstack/frontends/oci/verbs/pause.js';
import type {
  OciRecord,
  OciStore,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import type { ContainerState } from '../../../../../toolstack/api/container.js';
import type { SharedDomain } from '../../../../../toolstack/runtime/shared-domain/index.js';
import type { Sandbox } from '../../../../../toolstack/sandbox/sandbox.js';

/** `pauses` is Xen's pause count of the domain. */
function given(state: ContainerState, pauses = 0) {
  const record = { id: 'one', state, cgroup: '' } as OciRecord;
  const store = { save: () => Promise.resolve() } as unknown as OciStore;
  const container = new OciContainer(record, store, silentLog());
  container.sandbox = { domid: 7, destroy: () => Promise.resolve() } as unknown as Sandbox;
  const libxl = {
    domainPause: () => Promise.resolve(void pauses++),
    domainInfo: () => Promise.resolve({ paused: pauses > 0 } as never),
    xcDomainUnpause: () => Promise.resolve(void pauses--),
  };
  return { container, libxl, pauses: () => pauses };
}

test('it is paused and goes on, however often somebody else paused it', async (t) => {
  const { container, libxl, pauses } = given('running', 1);
  await pause(libxl, container);
  t.is(container.record.state, 'paused');
  await resume(libxl, container);
  t.is(container.record.state, 'running');
  t.is(pauses(), 0);
});

/** The calls to Xen and the requests to the agent, in order. */
function watched(answers = true) {
  const { container, libxl } = given('running');
  const asked: string[] = [];
  const request = (type: number, payload: Buffer): Promise<unknown> => {
    const value = payload.at(-1) === 0x31 ? 'stand still' : 'go on';
    asked.push(type === AgentType.LIMIT ? value : String(type));
    return answers ? Promise.resolve() : new Promise(() => undefined);
  };
  container.record.key = 'key';
  container.sandbox = {
    domid: 7,
    agent: () => Promise.resolve({ request }),
  } as unknown as Sandbox;
  const { domainPause, xcDomainUnpause } = libxl;
  libxl.domainPause = () => domainPause().finally(() => asked.push('pause'));
  libxl.xcDomainUnpause = () => xcDomainUnpause().finally(() => asked.push('unpause'));
  return { container, libxl, asked };
}

test('its processes stand still before its domain does, and while that goes on to be saved', async (t) => {
  const { container, libxl, asked } = watched();
  await pause(libxl, container);
  await wakeFrozen(libxl, container);
  t.deepEqual(asked, ['stand still', 'pause', 'unpause']);
  t.deepEqual([container.record.state, container.record.isStill], ['running', undefined]);
  await pauseNow(libxl, container);
  await resume(libxl, container);
  t.deepEqual(asked.slice(3), ['stand still', 'pause', 'unpause', 'go on']);
  await t.throwsAsync(wakeFrozen(libxl, container), { code: 'ERR_OCI_STATE' });
  libxl.domainPause = () => Promise.reject(new Error('no'));
  await t.throwsAsync(pause(libxl, container), { message: 'no' });
  t.deepEqual([container.record.state, asked.at(-1)], ['running', 'go on']);
});

test('a guest that does not answer is paused all the same', async (t) => {
  const { container, libxl, asked } = watched(false);
  await pause(libxl, container);
  t.deepEqual(asked, ['stand still', 'pause']);
  t.is(container.record.state, 'paused');
});

test('each only in its state', async (t) => {
  for (const state of ['creating', 'created', 'starting', 'paused', 'exited', 'lost'] as const) {
    const { container, libxl } = given(state);
    await t.throwsAsync(pause(libxl, container), { code: 'ERR_OCI_STATE' }, state);
  }
  for (const state of ['creating', 'created', 'starting', 'running', 'exited', 'lost'] as const) {
    const { container, libxl } = given(state);
    await t.throwsAsync(resume(libxl, container), { code: 'ERR_OCI_STATE' }, state);
  }
});

test('one that ends meanwhile stays ended', async (t) => {
  const { container, libxl } = given('running');
  libxl.domainPause = () => Promise.resolve(void container.kill());
  await t.throwsAsync(pause(libxl, container), { code: 'ERR_OCI_STATE' });
  t.is(container.record.state, 'exited');
});

test('one of several in a domain is kept still by its cgroup, and goes on', async (t) => {
  const { container, libxl, pauses } = given('running');
  const asked: number[] = [];
  const link = { request: (type: number) => Promise.resolve(void asked.push(type)) };
  container.record.key = 'key';
  container.sandbox = { domid: 7, agent: () => Promise.resolve(link) } as unknown as Sandbox;
  container.domain = { slots: { holders: [{}, {}] } } as unknown as SharedDomain;
  await pause(libxl, container);
  t.deepEqual([container.record.state, container.record.isStill], ['paused', true]);
  t.is(pauses(), 0, 'the domain goes on');
  await resume(libxl, container);
  t.deepEqual([container.record.state, container.record.isStill], ['running', undefined]);
  t.deepEqual(asked, [AgentType.LIMIT, AgentType.LIMIT]);
  link.request = () => Promise.reject(new Error('no'));
  await t.throwsAsync(pause(libxl, container), { message: 'no' });
  t.deepEqual([container.record.state, container.record.isStill], ['running', undefined]);
});
