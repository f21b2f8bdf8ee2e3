// SPDX-License-Identifier: Apache-2.0
// Builds a network with guests in network namespaces, sends frames as a hostile guest would, and prints as JSON which of them a neighbour received.
// Runs in a network and mount namespace of its own (test/component/network/spoof.test.ts).

import { createSocket } from 'node:dgram';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Steps } from '../../../toolstack/base/steps.js';
import { silentLog } from '../../../toolstack/base/log.js';
import type { Attachment } from '../../../toolstack/network/attachment.js';
import { kernelNetwork, NameServer, Networks } from '../../../toolstack/network/index.js';
import {
  FLOOD,
  foreignFrames,
  frameForBridge,
  honestFrames,
  rulingFrames,
  SEND,
  WATCH,
  type Frame,
  type Station,
} from './forged.js';
import { READY, received } from './received.js';

/** The names of the frames that a neighbour received. */
export interface Received {
  honest: string[];
  foreign: string[];
  ruling: string[];
}

export interface Report {
  /** The sender is bound to its addresses. */
  bound: Received;
  /** The sender is in the network as NAME:spoof. */
  free: Received;
  /** The bound sender, after a reload of all rules. */
  reloaded: Received;
  /** The bound sender, after someone has removed the table and another guest has come. */
  healed: Received;
  /** The sender waits in the pool, and has no addresses yet. */
  waiting: Received;
  /** The datagrams that dom0 received in frames for the bridge itself: with the port's settings, and with the kernel's. */
  pastBridge: { walled: number; open: number };
  /** The MACs that the bridge knows after guests have sent from 20,000: by the bound guest, by the free guest. */
  learned: { bound: number; free: number };
  /** The elements of the packet rules when all guests are gone. */
  left: number;
}

/** dom0 listens there. */
const PORT = 5999;
const log = silentLog();
const ip = (...words: string[]): string => execFileSync('ip', words, { encoding: 'utf8' });
const perl = (name: string, program: string, ...words: string[]): string[] => [
  ...['netns', 'exec', name, 'unshare', '-m', 'sh', '-c'],
  ...['mount -t sysfs none /sys && exec perl -e "$@"', 'sh', program, ...words],
];

interface Guest extends Station {
  name: string;
  vif: string;
  attachment: Attachment;
}

let count = 0;

/** Makes a namespace whose eth0 is the peer of an interface with the name of a vif. */
function wired(name: string): { vif: string; mac: string } {
  const vif = `vif${++count}.0`;
  const mac = `00:16:3e:00:00:0${count}`;
  ip('netns', 'add', name);
  const peer = ['peer', 'name', 'eth0', 'address', mac, 'netns', name];
  ip('link', 'add', vif, 'type', 'veth', ...peer);
  for (const device of ['lo', 'eth0']) ip('-n', name, 'link', 'set', device, 'up');
  return { vif, mac };
}

async function guest(networks: Networks, name: string, maySpoof = false): Promise<Guest> {
  const attachment = await networks.attach({ network: 'n', names: [name], ports: [], maySpoof });
  const port = wired(name);
  const own = {
    ...port,
    bridge: '',
    configure: () => Promise.resolve(),
    netlink: () => Promise.resolve(),
  };
  await networks.connect(own, attachment, new Steps(log, name));
  const of = (family: 4 | 6): string =>
    attachment.addresses.find((one) => one.family === family)?.address ?? '';
  return { name, ...port, attachment, ipv4: of(4), ipv6: of(6) };
}

/** Sends the frames from one guest, and returns the names of those that another receives. */
async function exchanged(
  from: string,
  to: string,
  groups: Record<keyof Received, Frame[]>,
): Promise<Received> {
  const watch = spawn('ip', perl(to, WATCH), { stdio: ['ignore', 'pipe', 'inherit'] });
  let seen = '';
  watch.stdout.on('data', (chunk: Buffer) => (seen += chunk.toString()));
  try {
    for (let tries = 0; !READY.test(seen); tries++)
      if (tries > 100) throw new Error('The watching guest is not ready');
      else await delay(50);
    const guests = {
      seen: () => seen,
      send: (name: string, hex: string[]) => ip(...perl(name, SEND, ...hex)),
      settle: 300,
    };
    return {
      honest: await received(guests, from, groups.honest),
      foreign: await received(guests, from, groups.foreign),
      ruling: await received(guests, from, groups.ruling),
    };
  } finally {
    watch.kill('SIGKILL');
  }
}

async function main(): Promise<Report> {
  const folder = await mkdtemp(join('/run', 'spoof-'));
  ip('link', 'set', 'lo', 'up');
  const networks = await Networks.open(join(folder, 'networks'), {
    host: kernelNetwork,
    log,
    names: new NameServer(join(folder, 'dns'), log, undefined),
    cni: { folder: join(folder, 'cni'), namespaces: join(folder, 'netns'), programs: [] },
  });
  await networks.sweep();
  await networks.create({ name: 'n', ipv6: true });
  const [bound, free] = [await guest(networks, 'bound'), await guest(networks, 'free', true)];
  const [victim, other] = [await guest(networks, 'victim'), await guest(networks, 'other')];
  const attempt = (from: Guest): Promise<Received> =>
    exchanged(from.name, victim.name, {
      honest: honestFrames(from),
      foreign: foreignFrames(from, other),
      ruling: rulingFrames(from),
    });
  const macs = (): number => {
    const bridge = bound.attachment.bridge;
    const text = execFileSync('bridge', ['-j', 'fdb', 'show', 'br', bridge], { encoding: 'utf8' });
    return (JSON.parse(text) as unknown[]).length;
  };
  const flooded = (from: Guest): number => {
    ip(...perl(from.name, FLOOD, '20000'));
    return macs();
  };
  const socket = createSocket('udp4').bind(PORT);
  let datagrams = 0;
  socket.on('message', () => datagrams++);
  const past = async (): Promise<number> => {
    const before = datagrams;
    const gateway = bound.attachment.addresses[0]?.gateway ?? '';
    const { bytes } = frameForBridge(bound, gateway, PORT);
    ip(...perl(bound.name, SEND, bytes.toString('hex')));
    await delay(300);
    return datagrams - before;
  };
  const walled = await past();
  execFileSync('sysctl', ['-qw', `net/ipv4/conf/${bound.vif}/rp_filter=0`]);
  execFileSync('nft', ['delete', 'table', 'inet', 'thaw']);
  const open = await past();
  socket.close();
  const report = {
    pastBridge: { walled, open },
    bound: await attempt(bound),
    free: await attempt(free),
    learned: { bound: flooded(bound), free: flooded(free) },
  };
  await networks.create({ name: 'more' });
  const reloaded = await attempt(bound);
  execFileSync('nft', ['delete', 'table', 'bridge', 'thaw']);
  await guest(networks, 'late');
  const healed = await attempt(bound);
  const port = wired('pool');
  await networks.plugDefault(port);
  await kernelNetwork.join(port.vif, bound.attachment.bridge);
  const waiting = await attempt({ ...bound, ...port, name: 'pool' });
  for (const name of ip('netns', 'list').match(/^\S+/gm) ?? []) ip('netns', 'delete', name);
  for (const one of [bound, free, victim, other]) networks.release(one.attachment);
  networks.forget(port.vif);
  let left = 0;
  for (let tries = 0; tries < 100; tries++) {
    left = elements();
    // The guest that came late is not released.
    if (left === 5) break;
    await delay(50);
  }
  return { ...report, reloaded, healed, waiting, left };
}

function elements(): number {
  const text = execFileSync('nft', ['-j', 'list', 'table', 'bridge', 'thaw'], { encoding: 'utf8' });
  const { nftables } = JSON.parse(text) as { nftables: { set?: { elem?: unknown[] } }[] };
  return nftables.reduce((total, { set }) => total + (set?.elem?.length ?? 0), 0);
}

main().then(
  (report) => process.stdout.write(JSON.stringify(report), () => process.exit(0)),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
