// SPDX-License-Identifier: Apache-2.0
// An interface gets the state that NETLINK gives. The test reads one namespace, writes it into another, and compares with iproute2.

import test from 'ava';
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { AgentFault, AgentType, decodeIndex } from '../../toolstack/agent/wire.js';
import { encodeNetlink, encodeNetwork } from '../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../toolstack/base/frame.js';
import {
  emptyMessages,
  linkMessages,
} from '../../toolstack/network/drivers/namespace/interface-state.js';
import {
  parseLinks,
  type IpLink,
  type IpRoute,
} from '../../toolstack/network/drivers/namespace/namespace.js';
import { resolverMessages } from '../../toolstack/network/drivers/namespace/resolver.js';
import type { NamespaceLink } from '../../toolstack/network/interface.js';
import type { Refusal } from '../support/agent/agent-client.js';
import { RUNTIME, TestAgent } from '../support/agent/agent.js';

let agent: TestAgent;

test.before(async () => {
  agent = TestAgent.launch(RUNTIME, true);
  await agent.connectControl();
  inside('ip', 'link', 'set', 'peer0', 'up');
});

test.after.always(async () => {
  await agent.stop();
});

function inside(...words: string[]): string {
  const nsenter = ['--net', '--target', String(agent.pid), ...words];
  return execFileSync('nsenter', nsenter, { encoding: 'utf8' });
}

/** The state of the interface, without the index that the kernel assigned. */
function seen(): Omit<NamespaceLink, 'index'> | undefined {
  const ip = (...words: string[]): unknown => JSON.parse(inside('ip', '-j', ...words) || '[]');
  const all = ip('addr', 'show') as IpLink[];
  const links = all.filter(({ ifname }) => ifname !== 'peer0');
  const [route4, route6] = ['-4', '-6'].map((family) => ip(family, 'route') as IpRoute[]);
  const [link] = parseLinks(links, { 4: route4 ?? [], 6: route6 ?? [] });
  if (!link) return undefined;
  const { name, mac, mtu, addresses, routes } = link;
  return { name, mac, mtu, addresses, routes };
}

const tell = (messages: Buffer[], devid = 0): Promise<Buffer> =>
  agent.request(AgentType.NETLINK, encodeNetlink(devid, messages));
const index = async (): Promise<number> => decodeIndex(await tell([]));

const rest = { metric: 0, isOnlink: false };
const LINK: NamespaceLink = {
  index: 1,
  name: 'eth0',
  mac: '02:16:3e:00:00:07',
  mtu: 1400,
  addresses: [
    {
      family: 4,
      address: '10.88.0.2',
      prefix: 16,
      scope: 'global',
      broadcast: '10.88.255.255',
    },
    { family: 4, address: '10.89.0.2', prefix: 24, scope: 'global' },
    { family: 4, address: '10.87.0.2', prefix: 32, scope: 'global', peer: '10.87.0.1' },
    { family: 6, address: 'fd00::2', prefix: 64, scope: 'global' },
    { family: 6, address: 'fd03::2', prefix: 64, scope: 'global', isRouteless: true },
    { family: 6, address: 'fe80::2', prefix: 64, scope: 'link' },
  ],
  routes: [
    {
      ...rest,
      family: 4,
      to: { address: '0.0.0.0', prefix: 0 },
      gateway: '10.88.0.1',
      metric: 100,
    },
    { ...rest, family: 4, to: { address: '10.7.0.0', prefix: 16 }, gateway: '10.88.0.9' },
    { ...rest, family: 4, to: { address: '10.6.0.1', prefix: 32 }, source: '10.88.0.2' },
    {
      family: 4,
      to: { address: '10.5.0.0', prefix: 16 },
      gateway: '192.0.2.1',
      metric: 3,
      isOnlink: true,
    },
    { ...rest, family: 6, to: { address: 'fd07::', prefix: 48 }, metric: 1024 },
    { ...rest, family: 6, to: { address: '::', prefix: 0 }, gateway: 'fd00::1', metric: 1024 },
  ],
};

/** Sorted, since the kernel lists in its own order. */
function sorted(link: Omit<NamespaceLink, 'index'> | undefined) {
  const text = (one: object): string => JSON.stringify(Object.entries(one).sort());
  return {
    name: link?.name,
    mac: link?.mac,
    mtu: link?.mtu,
    addresses: link?.addresses.map(text).sort(),
    routes: link?.routes.map(text).sort(),
  };
}

test.serial('it is what another namespace has: name, MAC, MTU, addresses, routes', async (t) => {
  // The messages that a clone of the pool gets.
  await agent.request(AgentType.NETWORK, encodeNetwork({ interface: 'eth0' }));
  await tell(linkMessages(await index(), undefined, LINK));
  t.deepEqual(sorted(seen()), sorted(LINK));
  const conf = (name: string): string =>
    inside('sysctl', '-n', `net.ipv6.conf.eth0.${name}`).trim();
  t.deepEqual([conf('accept_ra'), conf('accept_dad')], ['0', '0']);
});

test.serial('changes are made one by one, and twice is as once', async (t) => {
  const [first, second, ...others] = LINK.addresses;
  const next = {
    ...LINK,
    mtu: 1300,
    addresses: [first, ...others].filter((one) => one !== undefined),
    routes: LINK.routes.slice(0, 3),
  };
  t.truthy(second);
  const messages = linkMessages(await index(), LINK, next);
  await tell(messages);
  t.deepEqual(sorted(seen()), sorted(next));
  await tell(messages);
  t.deepEqual(sorted(seen()), sorted(next));
  await tell(linkMessages(await index(), next, LINK));
  t.deepEqual(sorted(seen()), sorted(LINK));
});

test.serial('an address of loopback can be behind it', async (t) => {
  const [address] = LINK.addresses;
  if (!address) return t.fail();
  const messages = resolverMessages(await index(), address);
  for (let times = 0; times < 2; times++) await tell(messages);
  const way = inside('ip', 'route', 'get', '127.0.0.11');
  t.regex(way, /^127\.0\.0\.11 dev eth0 src 10\.88\.0\.2/);
  t.regex(inside('ip', 'neigh', 'show', 'dev', 'eth0'), /127\.0\.0\.11 lladdr fe:ff.* PERMANENT/);
  t.is(inside('sysctl', '-n', 'net.ipv4.conf.eth0.route_localnet').trim(), '1');
});

test.serial('where IPv6 was turned off the rest is as it is to be', async (t) => {
  const before = LINK;
  inside('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=1');
  const next = { ...LINK, name: 'eth0', mac: '02:16:3e:00:00:09' };
  await tell(linkMessages(await index(), before, next));
  const text = inside('ip', 'addr', 'show', 'eth0');
  t.regex(text, /inet 10\.88\.0\.2\/16/);
  t.notRegex(text, /inet6/);
  inside('sysctl', '-qw', 'net.ipv6.conf.eth0.disable_ipv6=0');
  await tell(linkMessages(await index(), next, LINK));
  t.deepEqual(sorted(seen()), sorted(LINK));
});

test.serial('NETWORK takes away all of it, and NETLINK may bring it again', async (t) => {
  await agent.request(AgentType.NETWORK, encodeNetwork({ interface: 'eth0' }));
  t.is(inside('ip', '-o', 'addr', 'show', 'eth0'), '');
  await tell(linkMessages(await index(), undefined, LINK));
  t.deepEqual(sorted(seen()), sorted(LINK));
});

test.serial('another name and MAC, then nothing', async (t) => {
  const next = { ...LINK, name: 'net1', mac: '02:16:3e:00:00:08' };
  const number = await index();
  await tell(linkMessages(number, LINK, next));
  t.deepEqual(sorted(seen()), sorted(next));
  // A guest's kernel renames the folder by itself.
  const folder = join(agent.folder, 'xenbus/vif-0/net');
  renameSync(join(folder, 'eth0'), join(folder, 'net1'));
  await tell(linkMessages(number, next, LINK));
  renameSync(join(folder, 'net1'), join(folder, 'eth0'));
  await tell(emptyMessages(number, LINK));
  t.is(seen(), undefined);
  t.notRegex(inside('ip', 'addr', 'show', 'eth0'), /inet/);
});

test.serial('no such device, what a kernel refuses, and what is malformed', async (t) => {
  const fault = async (payload: Buffer): Promise<[number, string] | undefined> => {
    const asked = agent.request(AgentType.NETLINK, payload);
    const error = await t.throwsAsync<Refusal>(asked);
    return error && [error.fault, error.message];
  };
  t.is((await fault(encodeNetlink(9, [])))?.[0], AgentFault.DEVICE);
  const far = { ...LINK, routes: [], addresses: [], mtu: 4_000_000_000 };
  const refused = await fault(encodeNetlink(0, linkMessages(await index(), undefined, far)));
  t.is(refused?.[0], AgentFault.INTERNAL);
  t.regex(refused?.[1] ?? '', /Network device 0: message 2: /);
  const [good = Buffer.alloc(0)] = emptyMessages(await index(), undefined);
  const long = Buffer.from(good);
  long.writeUInt32LE(good.length + 1, 0);
  const short = Buffer.from(good);
  short.writeUInt32LE(15, 0);
  for (const bytes of [long, short, good.subarray(0, 12), Buffer.concat([good, Buffer.alloc(3)])])
    t.is((await fault(encodeNetlink(0, [bytes])))?.[0], AgentFault.MESSAGE);
  t.is((await fault(Buffer.alloc(3)))?.[0], AgentFault.MESSAGE);
  const twice = Buffer.concat([encodeNetlink(0, []), encodeFields(['more'])]);
  t.is((await fault(twice))?.[0], AgentFault.MESSAGE);
});
