// SPDX-License-Identifier: Apache-2.0
// A pod that thaw pauses for want of disk space, with its containers.

import test, { type ExecutionContext } from 'ava';
import {
  noticePods,
  podGuest,
  settlePods,
} from '../../../../toolstack/runtime/disk-watch/pod-guest.js';
import { shortageError } from '../../../../toolstack/disk/index.js';
import { pausePod, stopPod, unpausePod } from '../../../../toolstack/runtime/pod/verbs.js';
import type { SharedDomain } from '../../../../toolstack/runtime/shared-domain/index.js';
import { runningContainer } from '../../../support/runtime/running-container.js';

const REASON = { path: '/data', since: 5 };
const TEXT = 'the file system of /data is nearly full';

async function given(t: ExecutionContext) {
  const all = await runningContainer(t);
  const { services, manager, record, libxl } = all;
  const pod = await services.pods.create('shop', { labels: {}, share: [] } as never);
  Object.assign(pod.record, { state: 'running' });
  record.pod = { id: pod.record.id, name: 'shop' };
  const { uuid } = record.sandbox;
  libxl.add({ domid: 9, uuid, name: 'shop' });
  pod.adopt({
    sandbox: { domid: 9, record: { uuid }, onDeath: () => ({ close: () => undefined }) },
    slots: { holders: [] },
    end: () => Promise.resolve(),
  } as unknown as SharedDomain);
  const guest = () => {
    const found = podGuest(services, manager, pod);
    if (!found) throw new Error('It is no guest');
    return found;
  };
  const full = (): void => {
    services.sandbox.reserve.check = (path, action) =>
      Promise.reject(
        shortageError(action, { path, freeBytes: 1, reserveBytes: 2, neededBytes: 0 }),
      );
  };
  return { ...all, pod, guest, full };
}

test('its domain pauses, its containers say why, and all go on', async (t) => {
  const { manager, pod, guest, libxl } = await given(t);
  t.like(guest(), { label: 'pod shop', domid: 9, runs: true });
  t.true(await guest().hold(REASON));
  t.true(libxl.domains.get(9)?.paused);
  t.like(pod.record, { state: 'paused', diskPause: REASON });
  t.like(manager.list(true)[0], { state: 'paused', pausedBy: TEXT });
  t.true(await guest().release());
  t.like(pod.record, { state: 'running', diskPause: undefined });
  t.like(manager.list(true)[0], { state: 'running' });
  t.false(await guest().release());
});

test('a user’s pause stays the user’s', async (t) => {
  const { services, manager, record, pod, guest } = await given(t);
  await pausePod(services, manager, 'shop');
  t.false(await guest().hold(REASON));
  await unpausePod(services, manager, 'shop');
  await guest().hold(REASON);
  await pausePod(services, manager, 'shop');
  t.deepEqual([pod.record.diskPause, record.diskPause], [undefined, undefined]);
  t.false(await guest().release());
  t.is(pod.record.state, 'paused');
});

test('a user resumes it only where there is room, but stops it', async (t) => {
  const { services, manager, record, pod, guest, full } = await given(t);
  await guest().hold(REASON);
  full();
  await t.throwsAsync(unpausePod(services, manager, 'shop'), { code: 'ERR_DISK_RESERVE' });
  t.is(pod.record.state, 'paused');
  await stopPod(services, manager, 'shop', 1);
  t.is(record.state, 'exited');
  t.is(pod.record.diskPause, undefined);
});

test('what an earlier thawd left half done is settled by what Xen says', async (t) => {
  const { services, pod, libxl } = await given(t);
  const is = async (paused: boolean, settle: typeof settlePods) => {
    libxl.add({ domid: 9, uuid: 'u', name: 'shop', paused });
    await settle(services);
    return [pod.record.state, pod.record.diskPause];
  };
  await pod.update({ diskPause: REASON });
  t.deepEqual(await is(false, noticePods), ['running', REASON], 'it is just being paused');
  t.deepEqual(await is(true, settlePods), ['paused', REASON]);
  t.deepEqual(await is(true, noticePods), ['paused', REASON]);
  t.deepEqual(await is(false, noticePods), ['running', undefined]);
  await pod.update({ diskPause: REASON });
  t.deepEqual(await is(false, settlePods), ['running', undefined]);
});

test('a pod that Xen does not pause runs on', async (t) => {
  const { pod, guest, libxl } = await given(t);
  libxl.domainPause = () => Promise.reject(new Error('no'));
  await t.throwsAsync(guest().hold(REASON), { message: 'no' });
  t.like(pod.record, { state: 'running', diskPause: undefined });
});
