// SPDX-License-Identifier: Apache-2.0
// A container enters a domain step by step. Its slot is recorded first, and a failed step leaves nothing behind.

import test from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { Forget } from '../../../../toolstack/api/wire.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Steps } from '../../../../toolstack/base/steps.js';
import type { MemberDisk } from '../../../../toolstack/runtime/shared-domain/disks.js';
import type { SharedDomain } from '../../../../toolstack/runtime/shared-domain/domain.js';
import {
  enterDomain,
  reenterDomain,
  type Entering,
} from '../../../../toolstack/runtime/shared-domain/enter.js';
import { Member, type MemberSlot } from '../../../../toolstack/runtime/shared-domain/member.js';
import { Pod } from '../../../../toolstack/runtime/pod/pod.js';
import { Slots } from '../../../../toolstack/runtime/shared-domain/slots.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';
import type { ShimEvents } from '../../../../toolstack/sandbox/shim/client.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

const FILES = [{ path: '/srv', readOnly: false, fillFrom: '/data' }];
const EVENTS = { onExit: () => undefined, onLost: () => undefined, onGone: () => undefined };

/** A pod with a domain that records the steps; `fails` is the step that fails. */
function fakePod(fails = '') {
  const did: string[] = [];
  const note = (what: string): Promise<void> => {
    did.push(what);
    return what === fails ? Promise.reject(new Error(`No ${what}`)) : Promise.resolve();
  };
  const names = new Map<number, string>(
    Object.entries(AgentType).map(([name, type]) => [type, name]),
  );
  const slots = new Slots<ShimEvents>();
  const domain = {
    slots,
    isAlive: true,
    gone: () => Promise.resolve(),
    sandbox: {
      shim: { forget: (process: number, why: number) => did.push(`forget ${process} ${why}`) },
      agent: () => Promise.resolve({ request: (type: number) => note(names.get(type) ?? '?') }),
    },
    disks: {
      take: (file: string, isWritable: boolean): MemberDisk => ({ file, index: 0, isWritable }),
      plug: () => note('plug'),
      adopt: ({ file }: MemberDisk) => note(`adopt ${file}`),
      give: () => note('unplug'),
    },
    shares: {
      take: () => 7,
      adopt: (device: number) => void did.push(`adopt ${device}`),
      share: (device: number) => note(`share ${device}`),
      fill: (device: number) => note(`fill ${device}`),
      give: (device: number) => note(`unshare ${device}`),
    },
  };
  // SAFETY: the test uses no other member of these.
  const services = { log: silentLog(), sandbox: { host: fakeXenHost(new FakeLibxl()) } };
  const pod = new Pod(
    services as unknown as Pod['services'],
    { name: 'shop' } as unknown as Pod['record'],
  );
  pod.up = () => Promise.resolve(domain as unknown as SharedDomain);
  pod.left = () => void did.push('left');
  return { pod, did, slots };
}

const entering = (places: MemberSlot[], change: Partial<Entering> = {}): Entering => ({
  name: 'web',
  layers: ['/l/a'],
  files: FILES,
  upperKib: 1024,
  events: EVENTS,
  onSlot: ({ place }) => Promise.resolve(void places.push(place)),
  steps: new Steps(silentLog(), 'a test'),
  ...change,
});

/** The undo of a start makes the shim forget a first process that never began. */
const FORGOTTEN = `forget ${2 ** 20 + 1} ${Forget.UNDONE}`;
const LEAVING = ['DELETE', 'unshare 7', 'UNMOUNT', FORGOTTEN, 'unplug', 'left'];

test('its place is known before anything is done, and volumes are filled when all is there', async (t) => {
  const { pod, did } = fakePod();
  const places: MemberSlot[] = [];
  const onSlot: Entering['onSlot'] = ({ place }) => {
    t.deepEqual(did, []);
    places.push(place);
    return Promise.resolve();
  };
  const member = await pod.enter(entering(places, { onSlot }));
  t.deepEqual(places, [
    { slot: 1, files: 7, disks: [{ file: '/l/a', index: 0, isWritable: false }] },
  ]);
  t.deepEqual(did, ['share 7', 'plug', 'MOUNT', 'fill 7']);
  await member.destroy();
  t.deepEqual(did.slice(4), LEAVING);
});

test('without files of the host it has no device for them', async (t) => {
  const { pod, did } = fakePod();
  const places: MemberSlot[] = [];
  const member = await pod.enter(entering(places, { files: [] }));
  await member.destroy();
  t.is(places[0]?.files, undefined);
  t.deepEqual(did, ['plug', 'MOUNT', 'DELETE', 'UNMOUNT', FORGOTTEN, 'unplug', 'left']);
});

for (const fails of ['share 7', 'MOUNT', 'fill 7'])
  test(`what was made goes again after a failure: ${fails}`, async (t) => {
    const { pod, did, slots } = fakePod(fails);
    await t.throwsAsync(pod.enter(entering([])), { message: `No ${fails}` });
    t.deepEqual(did.slice(-LEAVING.length), LEAVING);
    t.deepEqual(slots.holders, []);
  });

test('without layers its root filesystem is a share, and nothing is mounted or filled', async (t) => {
  const { pod, did } = fakePod();
  const files = [{ path: '/b/rootfs', readOnly: false }];
  const meanwhile = (member: Member): Promise<void> =>
    Promise.resolve(void did.push(`meanwhile ${member.place.slot}`));
  const change = { layers: [], files, meanwhile, hearsShimOnly: true };
  // SAFETY: the test uses neither disks nor other members of the services.
  const services = {} as SandboxServices;
  const member = await enterDomain(services, await pod.up(), entering([], change));
  t.deepEqual(did.splice(0), ['share 7', 'meanwhile 1']);
  await member.destroy();
  const forgotten = `forget ${2 ** 20 + 1} ${Forget.LEFT}`;
  t.deepEqual(did, ['DELETE', 'unshare 7', 'UNMOUNT', forgotten]);
});

test('work beside the mount that fails is left to the caller, who has the member', async (t) => {
  const { pod, did, slots } = fakePod();
  const members: Member[] = [];
  const onSlot = (member: Member): Promise<void> => Promise.resolve(void members.push(member));
  const meanwhile = (): Promise<void> => Promise.reject(new Error('No stand-in'));
  const services = pod.services.sandbox;
  const change = { onSlot, meanwhile };
  const failing = enterDomain(services, await pod.up(), entering([], change));
  await t.throwsAsync(failing, { message: 'No stand-in' });
  t.deepEqual(did, ['share 7', 'plug', 'MOUNT']);
  t.is(slots.holders.length, 1);
  await members[0]?.destroy();
  t.deepEqual(slots.holders, []);
});

test('what cannot be let go of does not keep the rest', async (t) => {
  const { pod, did, slots } = fakePod('unshare 7');
  const member = await pod.enter(entering([]));
  await member.destroy();
  t.deepEqual(did.slice(-LEAVING.length), LEAVING);
  t.deepEqual(slots.holders, []);
});

test('one of an earlier thawd has its slot, share and disks back, the others too where one fails', async (t) => {
  const { pod, did, slots } = fakePod('adopt /l/a');
  const disks = ['/l/a', '/l/b'].map((file, index) => ({ file, index, isWritable: false }));
  const { sandbox } = pod.services;
  const options = { name: 'web', events: EVENTS, place: { slot: 3, files: 7, disks } };
  const failing = reenterDomain(sandbox, await pod.up(), options);
  await t.throwsAsync(failing, { message: 'No adopt /l/a' });
  t.deepEqual(did.splice(0), ['adopt 7', 'adopt /l/a', 'adopt /l/b']);
  t.is(slots.holder(3), EVENTS);
  const place = { slot: 4, disks: disks.slice(1) };
  const member = await reenterDomain(sandbox, await pod.up(), { ...options, place });
  t.deepEqual(did, ['adopt /l/b']);
  await member.destroy();
  t.true(did.includes(`forget ${4 * 2 ** 20 + 1} ${Forget.LEFT}`));
});

test('of one that an earlier thawd was starting the client is let go', async (t) => {
  const { pod, did } = fakePod();
  const domain = await pod.up();
  const place = { slot: 3, disks: [] };
  const onLeft = (): void => undefined;
  const member = new Member(pod.services.sandbox, domain, {
    name: 'web',
    place,
    onLeft,
    hearsShimOnly: true,
  });
  await member.destroy();
  t.true(did.includes(`forget ${3 * 2 ** 20 + 1} ${Forget.LEFT}`));
});
