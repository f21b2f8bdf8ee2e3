// SPDX-License-Identifier: Apache-2.0
// Builds dom0's networks with guests, a dom0 and another host in network namespaces, tries to reach everything from everywhere, and prints the
// outcome as JSON. Runs in a network and mount namespace of its own (test/component/network/walls.test.ts). The argument is 1 for a kernel that filters
// bridges by the rules for routed packets, 0 for one that does not.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { silentLog } from '../../../toolstack/base/log.js';
import { Steps } from '../../../toolstack/base/steps.js';
import { kernelNetwork, NameServer, Networks } from '../../../toolstack/network/index.js';
import { ADVERTISE } from './advertise.js';
import type { Attachment } from '../../../toolstack/network/attachment.js';

/** The lines of the matrix: from whom, to whom, and whether an answer came. */
export type Outcome = { from: string; to: string; reached: boolean }[];

export interface Report {
  outcome: Outcome;
  /** dom0's IPv6 default routes after a guest's router advertisement: with the walls, and with a bridge that takes it. */
  routes: { walled: string; open: string };
  /** The flags of an interface that left its bridge. */
  unplugged: number;
}

/** Settings of a kernel that shows bridged packets to the rules for routed ones, as Docker wants it. */
const FILTERS = ['bridge-nf-call-iptables', 'bridge-nf-call-ip6tables', 'bridge-nf-call-arptables'];

type Attempt = [from: string, to: string, address: string, port: number];

const GROUP = 20;
/** The time within which an answer comes also on a machine that runs all suites at once. */
const ANSWER_SECONDS = 6;
const NO_FRAME_RULES = 'table bridge thaw\ndelete table bridge thaw\n';

const servers: ChildProcess[] = [];
const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
const inside = (name: string): string[] => (name === 'dom0' ? [] : ['ip', 'netns', 'exec', name]);

function start(name: string, ...words: string[]): void {
  const [program = '', ...args] = [...inside(name), ...words];
  servers.push(spawn(program, args, { stdio: 'ignore' }));
}

/** Answers each connection to the port, by both families, with the host's name. */
const serve = (name: string, port: number): void =>
  start(name, 'socat', `TCP6-LISTEN:${port},fork,reuseaddr,ipv6only=0`, `SYSTEM:echo ${name}`);

async function reaches(from: string, address: string, port: number): Promise<boolean> {
  const target = address.includes(':') ? `[${address}]` : address;
  const [program = '', ...args] = [
    ...inside(from),
    ...[
      'socat',
      `-T${ANSWER_SECONDS}`,
      '-',
      `TCP:${target}:${port},connect-timeout=${ANSWER_SECONDS}`,
    ],
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  return text !== '';
}

/** Makes a namespace whose eth0 is the peer of dom0's interface vif-NAME. */
function host(name: string): string {
  const vif = `vif-${name}`;
  ip('netns', 'add', name);
  ip('link', 'add', vif, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
  for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
  return vif;
}

async function guest(networks: Networks, name: string, network: string): Promise<Attachment> {
  const ports =
    name === 'a1'
      ? [{ hostIp: '', hostPort: 8080, containerPort: 80, protocol: 'tcp' as const }]
      : [];
  const attachment = await networks.attach({ network, names: [name], ports });
  const vif = host(name);
  const [{ address: mac = '' } = {}] = JSON.parse(ip('-j', '-n', name, 'link', 'show', 'eth0')) as {
    address?: string;
  }[];
  const configure = (): Promise<void> => Promise.resolve();
  const port = { vif, mac, bridge: '', configure, netlink: configure };
  await networks.connect(port, attachment, new Steps(silentLog(), name));
  for (const { address, prefix, gateway, family } of attachment.addresses) {
    const nodad = family === 6 ? ['nodad'] : [];
    ip('-n', name, 'addr', 'add', `${address}/${prefix}`, 'dev', 'eth0', ...nodad);
    if (gateway !== '') ip('-n', name, 'route', 'add', 'default', 'via', gateway);
  }
  await networks.publish(attachment);
  serve(name, 80);
  return attachment;
}

/** Returns dom0's default routes of IPv6 once the guest has advertised itself as a router. */
async function advertised(from: string): Promise<string> {
  const words = ['netns', 'exec', from, 'unshare', '-m', 'sh', '-c'];
  const script = 'mount -t sysfs none /sys && exec perl -e "$1"';
  ip(...words, script, 'sh', ADVERTISE);
  await delay(300);
  return ip('-6', 'route', 'show', 'default');
}

async function main(): Promise<Report> {
  const folder = await mkdtemp(join('/run', 'walls-'));
  const log = silentLog();
  ip('link', 'set', 'lo', 'up');
  execFileSync('sysctl', [
    '-qw',
    ...FILTERS.map((name) => `net.bridge.${name}=${process.argv[2]}`),
  ]);
  const networks = await Networks.open(join(folder, 'networks'), {
    host: kernelNetwork,
    log,
    names: new NameServer(join(folder, 'dns'), log, undefined),
    cni: { folder: join(folder, 'cni'), namespaces: join(folder, 'netns'), programs: [] },
  });
  await networks.create({ name: 'b', ipv6: true });
  await networks.create({ name: 'c', ipv6: true, hostPorts: [{ port: 7000, protocol: 'tcp' }] });
  await networks.create({ name: 'inner', internal: true });
  const members = Object.entries({ a1: 'thaw', a2: 'thaw', b1: 'b', c1: 'c', i1: 'inner' });
  const uplink = host('out');
  ip('addr', 'add', '192.0.2.1/24', 'dev', uplink);
  ip('link', 'set', uplink, 'up');
  ip('-n', 'out', 'addr', 'add', '192.0.2.2/24', 'dev', 'eth0');
  ip('-n', 'out', 'route', 'add', '10.0.0.0/8', 'via', '192.0.2.1');
  const found: Record<string, Attachment> = {};
  for (const [name, network] of members) found[name] = await guest(networks, name, network);
  for (const port of [53, 7000]) serve('dom0', port);
  serve('out', 80);
  const of = (name: string, family: 4 | 6): string =>
    found[name]?.addresses.find((one) => one.family === family)?.address ?? '';
  const gateway = (name: string, family: 4 | 6): string =>
    networks
      .find(found[name]?.network ?? '')
      .subnets.find(({ subnet }) => subnet.includes(':') === (family === 6))?.gateway ?? '';
  // All servers listen once these do.
  for (const name of ['dom0', ...members.map(([member]) => member), 'out']) {
    const port = name === 'dom0' ? 7000 : 80;
    for (let tries = 0; !(await reaches(name, '127.0.0.1', port)); tries++)
      if (tries > 50) throw new Error(`The server of ${name} does not answer`);
  }
  // Until then the kernel still looks for others with its link-local addresses.
  for (let tries = 0; ip('-6', 'addr', 'show', 'tentative') !== ''; tries++) {
    if (tries > 100) throw new Error('dom0 has no link-local addresses');
    await delay(100);
  }
  const bridge = found['b1']?.bridge ?? '';
  const ownLinkLocal = (name: string): string => {
    const path = `/sys/class/net/${found[name]?.bridge ?? ''}/address`;
    return `${linkLocal(readFileSync(path, 'utf8').trim())}%eth0`;
  };
  const attempts: Attempt[] = [
    ['out', 'name server', gateway('a1', 4), 53],
    ['dom0', 'b1 by IPv6', of('b1', 6), 80],
    ['c1', 'b1 by IPv6', of('b1', 6), 80],
    ['b1', 'name server by IPv6', gateway('b1', 6), 53],
    ['b1', 'dom0 by IPv6', gateway('b1', 6), 7000],
    ['c1', 'dom0 by IPv6', gateway('c1', 6), 7000],
    ['b1', 'dom0 by its link-local address', ownLinkLocal('b1'), 7000],
    ['c1', 'dom0 by its link-local address', ownLinkLocal('c1'), 7000],
  ];
  for (const from of ['dom0', 'out', ...members.map(([name]) => name)]) {
    for (const [to] of members) attempts.push([from, to, of(to, 4), 80]);
    attempts.push([from, 'published port', from === 'dom0' ? '127.0.0.1' : '192.0.2.1', 8080]);
    if (from === 'dom0' || from === 'out') continue;
    attempts.push(
      [from, 'name server', gateway(from, 4), 53],
      [from, 'dom0', gateway(from, 4), 7000],
      [from, 'dom0 by another address', '192.0.2.1', 53],
      [from, 'dom0 in another network', gateway(from === 'b1' ? 'a1' : 'b1', 4), 53],
      [from, 'outside', '192.0.2.2', 80],
    );
  }
  const outcome = await inGroups(attempts, async ([from, to, address, port]) => ({
    from,
    to,
    reached: await reaches(from, address, port),
  }));
  const walled = await advertised('b1');
  execFileSync('sysctl', ['-qw', `net.ipv6.conf.${bridge}.accept_ra=2`]);
  execFileSync('nft', ['flush', 'chain', 'inet', 'thaw', 'input']);
  // A kernel that cannot tell a frame's bridge has no such table.
  execFileSync('nft', ['-f', '-'], { input: NO_FRAME_RULES });
  const open = await advertised('b1');
  await kernelNetwork.join('vif-b1', '');
  const unplugged = Number(readFileSync('/sys/class/net/vif-b1/flags', 'utf8'));
  return { outcome, routes: { walled, open }, unplugged };
}

/** Does the work for a few at a time. */
async function inGroups<T, R>(all: T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < all.length; at += GROUP)
    results.push(...(await Promise.all(all.slice(at, at + GROUP).map(work))));
  return results;
}

/** Returns the address that the kernel derives from a MAC (RFC 4291, Appendix A). */
function linkLocal(mac: string): string {
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = mac
    .split(':')
    .map((byte) => parseInt(byte, 16));
  const words = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f];
  return `fe80::${words.map((word) => word.toString(16)).join(':')}`;
}

main().then(
  (report) => {
    for (const server of servers) server.kill('SIGKILL');
    process.stdout.write(JSON.stringify(report), () => process.exit(0));
  },
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
