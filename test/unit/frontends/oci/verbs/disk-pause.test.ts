// SPDX-License-Identifier: Apache-2.0
// A domain of engines' containers that thaw pauses for want of disk space, with all that are in it.

import test from 'ava';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { noReserve, shortageError } from '../../../../../toolstack/disk/index.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import type {
  OciRecord,
  OciStore,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import {
  ociGuests,
  resumeWithRoom,
  takeOverPause,
} from '../../../../../toolstack/frontends/oci/verbs/disk-pause.js';
import { pause } from '../../../../../toolstack/frontends/oci/verbs/pause.js';
import type { SharedDomain } from '../../../../../toolstack/runtime/shared-domain/index.js';

const REASON = { path: '/data', since: 5 };

/** A pod of an engine: a container with a domain, and one in it. */
function given() {
  const store = {
    save: () => Promise.resolve(),
    logPath: (key: string) => `/run/oci/${key}/ctr.log`,
  } as unknown as OciStore;
  let pauses = 0;
  const libxl = {
    domainPause: (): Promise<void> => Promise.resolve(void pauses++),
    domainInfo: () => Promise.resolve({ paused: pauses > 0 }),
    xcDomainUnpause: () => Promise.resolve(void pauses--),
  };
  const domain = { sandbox: { domid: 7 }, slots: { holders: [1, 2] } } as unknown as SharedDomain;
  const make = (key: string, change: Partial<OciRecord>, path: string) => {
    const files = [
      { path, readOnly: false },
      { path: '/etc', readOnly: true },
    ];
    const sandbox = { uuid: 'u', files } as unknown as OciRecord['sandbox'];
    const record = { key, id: key, state: 'running', cgroup: '', sandbox, ...change } as OciRecord;
    const container = new OciContainer(record, store, silentLog());
    container.sandbox = { domid: 7 } as never;
    container.domain = domain;
    return container;
  };
  const owner = make('owner', {}, '/var/lib/containers/one');
  const member = make('member', { inDomainOf: 'owner' }, '/var/lib/containers/two');
  const all = [owner, member];
  const sandbox = { host: { libxl }, reserve: { ...noReserve } };
  const services = { sandbox, store } as unknown as Parameters<typeof ociGuests>[0];
  const guest = () => {
    const [found, ...more] = ociGuests(services, all);
    if (!found || more.length > 0) throw new Error('One guest is wanted');
    return found;
  };
  const states = () => all.map(({ record: { state, diskPause } }) => [state, diskPause?.path]);
  return { owner, member, all, services, sandbox, libxl, guest, states, pauses: () => pauses };
}

test('a domain is one guest, with the folders of all that are in it', (t) => {
  const { guest, owner } = given();
  t.like(guest(), { key: 'u', label: 'OCI container owner', domid: 7, runs: true, files: [] });
  t.deepEqual(guest().folders, [
    '/run/oci/owner',
    '/var/lib/containers/one',
    '/run/oci/member',
    '/var/lib/containers/two',
  ]);
  owner.isSaving = true;
  t.false(guest().runs);
});

test('all in it are paused and go on together', async (t) => {
  const { guest, states, pauses } = given();
  t.true(await guest().hold(REASON));
  t.is(pauses(), 1);
  t.deepEqual(states(), [
    ['paused', '/data'],
    ['paused', '/data'],
  ]);
  t.false(await guest().hold(REASON));
  t.true(await guest().release());
  t.is(pauses(), 0);
  t.deepEqual(states(), [
    ['running', undefined],
    ['running', undefined],
  ]);
  t.false(await guest().release());
});

test('its engine resumes any of them where there is room', async (t) => {
  const { all, member, services, sandbox, guest, states, pauses } = given();
  await guest().hold(REASON);
  sandbox.reserve.check = (path, action) =>
    Promise.reject(shortageError(action, { path, freeBytes: 1, reserveBytes: 2, neededBytes: 0 }));
  await t.throwsAsync(resumeWithRoom(services, member, all), { code: 'ERR_DISK_RESERVE' });
  t.is(pauses(), 1);
  sandbox.reserve.check = () => Promise.resolve();
  await resumeWithRoom(services, member, all);
  t.is(pauses(), 0);
  t.deepEqual(states()[0], ['running', undefined]);
  await t.throwsAsync(resumeWithRoom(services, member, all), { code: 'ERR_OCI_STATE' });
});

test('its engine’s pause stays, also one that comes later', async (t) => {
  const { all, owner, guest, libxl, states, pauses } = given();
  t.false(await takeOverPause(owner, all));
  await guest().hold(REASON);
  t.true(await takeOverPause(owner, all));
  t.false(await guest().release());
  t.deepEqual([states()[0], pauses()], [['paused', undefined], 1]);
  await t.throwsAsync(pause(libxl as never, owner), { code: 'ERR_OCI_STATE' });
});

test('what xl paused, and what Xen does not pause, stays as it is', async (t) => {
  const { owner, guest, libxl, states } = given();
  const { domainPause } = libxl;
  libxl.domainPause = () => Promise.reject(new Error('no'));
  await t.throwsAsync(guest().hold(REASON), { message: 'no' });
  t.deepEqual([states()[0], owner.isPausing], [['running', undefined], false]);
  libxl.domainPause = domainPause;
  await libxl.domainPause();
  t.false(await guest().hold(REASON));
  t.deepEqual(states()[0], ['running', undefined]);
});
