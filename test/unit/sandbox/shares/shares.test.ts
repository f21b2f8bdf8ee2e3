// SPDX-License-Identifier: Apache-2.0
// Shares enter a guest step by step, each over its own device. They leave in an order that never removes one in use.

import test, { type ExecutionContext } from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { encodeShareTag, encodeFill } from '../../../../toolstack/agent/wire-guest.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Steps } from '../../../../toolstack/base/steps.js';
import {
  addShare,
  canBeSlave,
  fillVolumes,
  shareFiles,
  sharedPath,
  shareNamed,
  unshareFiles,
  type SharedFile,
  type Sharing,
} from '../../../../toolstack/sandbox/shares/shares.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';
import { joinFake } from '../../../support/xenstore/xenstore.js';

const DOMID = asDomid(7);
const BACKEND = '/local/domain/0/backend/9pfs/7/2';
const FRONTEND = '/local/domain/7/device/9pfs/2';
const FILES = [
  { path: '/srv', readOnly: true },
  { path: '/v', readOnly: false, fillFrom: '/data' },
];

/** A guest with a front end like Linux's; `refuses` are the agent's requests that fail. */
async function guest(t: ExecutionContext, refuses: number[] = []) {
  const { client } = await joinFake(t);
  const did: unknown[] = [];
  const sharing: Sharing = {
    domid: DOMID,
    shim: {
      share: async (device, rings) => {
        did.push(['share', device, rings.map(({ ref }) => ref)]);
        await Promise.resolve();
      },
      unshare: async (device) => {
        did.push(['unshare', device, await client.read(`${BACKEND}/state`)]);
      },
    },
    link: {
      request: (type: number, payload: Buffer) => {
        did.push([type, payload.toString('hex')]);
        return refuses.includes(type)
          ? Promise.reject(new Error('in use'))
          : Promise.resolve(Buffer.alloc(0));
      },
    },
  };
  const frontEnd = async (): Promise<void> => {
    await client.waitFor(`${BACKEND}/state`, (state) => state === '2', { timeoutMs: 20_000 });
    for (const [name, value] of [
      ['ring-ref0', '8'],
      ['event-channel-0', '3'],
      ['ring-ref1', '9'],
      ['event-channel-1', '4'],
      ['state', '3'],
    ] as const)
      await client.write(`${FRONTEND}/${name}`, value);
  };
  /** The front end closes after the back end, as Linux's does. */
  const closing = async (): Promise<void> => {
    await client.waitFor(`${BACKEND}/state`, (state) => state === '5', { timeoutMs: 20_000 });
    await client.write(`${FRONTEND}/state`, '6');
  };
  return { client, did, sharing, frontEnd, closing, host: fakeXenHost(new FakeLibxl(), client) };
}

const steps = () => new Steps(silentLog(), 'a test');

test('what dom0 mounts later comes to who can write, but none of thaw’s own mounts', (t) => {
  const paths = ['/srv', '/', '/run', '/run/thaw', '/run/thaw/volumes/a', '/run/thawed', '/ru'];
  t.deepEqual(
    paths.filter((path) => canBeSlave(path, false)),
    ['/srv', '/run/thawed', '/ru'],
  );
  t.false(canBeSlave('/srv', true), 'they would not be read-only');
});

test('a tree has its device’s tag in its path', (t) => {
  t.is(sharedPath('0'), '/run/thaw/files/thaw/0');
  t.is(sharedPath('4', 2), '/run/thaw/files/thaw-2/4');
});

test('a share is found by its name; of an early record by its number', (t) => {
  const files: SharedFile[] = [];
  const name = addShare(files, { path: '/srv', readOnly: true });
  const other = addShare(files, { path: '/v', readOnly: false });
  t.not(name, other);
  t.is(shareNamed(files, other)?.path, '/v');
  t.is(shareNamed(FILES, '1')?.path, '/v');
  t.is(shareNamed(files, '2'), undefined);
});

test('shared, mounted, filled; then unmounted before its server ends, and gone after it', async (t) => {
  const { client, did, sharing, frontEnd, closing, host } = await guest(t);
  const shared = { device: 2, files: FILES, rootfs: 'web' };
  await Promise.all([shareFiles(host, sharing, shared, steps()), frontEnd()]);
  t.is(await client.read(`${BACKEND}/state`), '4');
  await fillVolumes(sharing, shared, steps());
  const [isGone] = await Promise.all([unshareFiles(host, sharing, 2), closing()]);
  t.true(isGone);
  const tag = encodeShareTag('thaw-2').toString('hex');
  t.deepEqual(did, [
    ['share', 2, [8, 9]],
    [AgentType.MOUNT_SHARE, tag],
    [AgentType.FILL, encodeFill('web', '/data', 'thaw-2', '1').toString('hex')],
    [AgentType.UNMOUNT_SHARE, tag],
    ['unshare', 2, '4'],
  ]);
  t.is(await client.readIfExists(BACKEND), undefined);
  t.is(await client.readIfExists(FRONTEND), undefined);
});

test('what the guest still uses is served no more, but its device stays', async (t) => {
  const { client, did, sharing, frontEnd, host } = await guest(t, [AgentType.UNMOUNT_SHARE]);
  const shared = { device: 2, files: FILES };
  await Promise.all([shareFiles(host, sharing, shared, steps()), frontEnd()]);
  t.false(await unshareFiles(host, sharing, 2));
  t.deepEqual(did.at(-1), ['unshare', 2, '4']);
  t.is(await client.read(`${FRONTEND}/state`), '3');
});
