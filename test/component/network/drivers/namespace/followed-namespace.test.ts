// SPDX-License-Identifier: Apache-2.0
// A guest follows a network namespace of this machine, with a fake guest that records its messages. Redirecting traffic needs a kernel with
// matchall, which only the lab is sure to have: the guest has its interface already.

import { execFileSync, spawn } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { namespaceDriver, type CarriedLink } from '../../../../../toolstack/network/index.js';
import { readLinks } from '../../../../../toolstack/network/drivers/namespace/namespace.js';
import { until } from '../../../../support/within.js';

const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });

async function setUp(t: ExecutionContext) {
  const name = `thaw-follow-${process.pid}-${Math.random().toString(36).slice(2, 8)}`;
  ip('netns', 'add', name);
  const holder = spawn('ip', ['netns', 'exec', name, 'sleep', '1000'], { stdio: 'ignore' });
  t.teardown(() => {
    holder.kill('SIGKILL');
    ip('netns', 'del', name);
  });
  const { pid = 0 } = holder;
  const path = `/proc/${pid}/ns/net`;
  const inside = (...words: string[]) => ip('-n', name, ...words);
  for (const link of ['eth0', 'eth1']) {
    inside('link', 'add', link, 'type', 'veth', 'peer', 'name', `${link}-peer`);
    inside('link', 'set', link, 'up', 'addrgenmode', 'none');
  }
  const read = async () => (await readLinks(path, (found) => !/^eth\d$/.test(found))).links;
  await until('the holder is in the namespace', async () => (await read()).length === 2);
  const carried: CarriedLink[] = (await read()).map((link, devid) => ({ devid, link }));
  const calls: unknown[][] = [];
  const note = (...call: unknown[]): Promise<void> => {
    calls.push(call);
    return Promise.resolve();
  };
  const guest = {
    label: 'container "web"',
    log: silentLog(),
    links: carried,
    isPaused: false,
    // This kernel may lack the classifiers of the filters, too.
    maySpoof: true,
    vif: (devid: number) => `vif7.${devid}`,
    plug: (devid: number) => note('plug', devid),
    unplug: (devid: number) => note('unplug', devid),
    sweep: (known: readonly number[]) => note('sweep', ...known),
    netlink: (devid: number, messages: (index: number) => Buffer[]) =>
      note('netlink', devid, messages(2 + devid).length),
    record: (links: CarriedLink[], isClosed: boolean) => {
      guest.links = links;
      return note('record', links.length, isClosed);
    },
    rename: (first: string) => void note('rename', first),
  };
  for (const link of ['eth0-peer', 'eth1-peer']) inside('link', 'set', link, 'down');
  const followed = namespaceDriver.connect(guest, { pid });
  t.teardown(() => {
    followed.close();
  });
  return { inside, guest, calls, followed };
}

test('a guest hears of changes, and of those made while it was paused', async (t) => {
  const { inside, guest, calls, followed } = await setUp(t);
  inside('addr', 'add', '10.1.0.2/24', 'dev', 'eth0');
  await followed.begin({ isNew: false, isPaused: true });
  t.deepEqual(calls, [['sweep', 0, 1]], 'a paused guest is told nothing');
  await followed.reconcile();
  t.deepEqual(calls.splice(0), [
    ['sweep', 0, 1],
    ['netlink', 0, 1],
    ['rename', 'eth0'],
    ['record', 2, false],
  ]);
  guest.isPaused = true;
  inside('addr', 'add', '10.1.1.2/24', 'dev', 'eth1');
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.deepEqual(calls, []);
  guest.isPaused = false;
  followed.changed();
  await until('the guest has the address', () => calls.length === 2);
  t.deepEqual(calls.splice(0), [
    ['netlink', 1, 1],
    ['record', 2, false],
  ]);
  inside('link', 'del', 'eth1');
  await until('the guest has lost the interface', () => calls.length === 2);
  t.deepEqual(calls.splice(0), [
    ['unplug', 1],
    ['record', 1, false],
  ]);
  followed.close();
  inside('addr', 'del', '10.1.0.2/24', 'dev', 'eth0');
  await new Promise((resolve) => setTimeout(resolve, 300));
  t.deepEqual(calls, [], 'a closed namespace is not followed');
});

test('a vif of another guest is refused', async (t) => {
  const { inside, followed, calls } = await setUp(t);
  inside('link', 'add', 'vif8.0', 'type', 'veth', 'peer', 'name', 'other');
  await t.throwsAsync(followed.begin({ isNew: true, isPaused: false }), {
    code: 'ERR_NETWORK_LINK',
    message: /vif8\.0 of another guest/,
  });
  t.deepEqual(calls, []);
});
