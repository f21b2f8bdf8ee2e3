// SPDX-License-Identifier: Apache-2.0
// Ports and networks in podman's notation.

import test from 'ava';
import { runCommandLine } from '../../../../toolstack/cli/main.js';
import { portRequests } from '../../../../toolstack/cli/options/network.js';
import { fakeClient, fakeEngine } from '../../../support/cli/fake-engine.js';

test('a port may name address, host port and protocol', (t) => {
  const port = (hostIp: string, hostPort: number, containerPort: number, protocol = 'tcp') => ({
    hostIp,
    hostPort,
    containerPort,
    protocol,
  });
  t.deepEqual(portRequests('80'), [port('', 0, 80)]);
  t.deepEqual(portRequests('8080:80'), [port('', 8080, 80)]);
  t.deepEqual(portRequests('53:53/udp'), [port('', 53, 53, 'udp')]);
  t.deepEqual(portRequests('127.0.0.1:8080:80'), [port('127.0.0.1', 8080, 80)]);
  t.deepEqual(portRequests('127.0.0.1::80'), [port('127.0.0.1', 0, 80)]);
  t.deepEqual(portRequests('[fd00::1]:8080:80'), [port('fd00::1', 8080, 80)]);
  t.deepEqual(portRequests('8080-8081:80-81'), [port('', 8080, 80), port('', 8081, 81)]);
  t.deepEqual(portRequests('80-81'), [port('', 0, 80), port('', 0, 81)]);
});

test('what is no port is refused', (t) => {
  for (const text of [
    '',
    '0',
    '65536',
    'http',
    '80:',
    '1:2:3',
    'host:80:80',
    '80/icmp',
    '1-3:1-2',
    '9-8',
    '1-5000',
    '[127.0.0.1:80:80',
  ])
    // prettier-ignore
    t.throws(() => portRequests(text), { code: 'ERR_USAGE', message: /--publish/ }, text);
});

async function line(words: string) {
  const { engine, calls } = fakeEngine();
  const { client, out, err } = fakeClient();
  const status = await runCommandLine(words.split(' '), client, engine);
  return { status, out: out(), err: err(), calls };
}

test('a container is in the network that it was given', async (t) => {
  const words = 'run --network shop --network-alias db --ip 10.1.2.9 --ip6 fd00::9 -p 80 busybox';
  const { calls } = await line(words);
  t.like(calls[0]?.[1], {
    network: 'shop',
    networkAliases: ['db'],
    ip: '10.1.2.9',
    ip6: 'fd00::9',
  });
  t.like((await line('create --network none busybox')).calls[0]?.[1], { network: 'none' });
  t.false('network' in ((await line('run --network bridge busybox')).calls[0]?.[1] as object));
});

test('NAME:spoof is a network whose rules do not bind the container', async (t) => {
  const { calls } = await line('run --network shop:spoof busybox');
  t.like(calls[0]?.[1], { network: 'shop', maySpoof: true });
  const own = (await line('run --network bridge:spoof busybox')).calls[0]?.[1] as object;
  t.like(own, { maySpoof: true });
  t.false('network' in own);
  t.false('maySpoof' in ((await line('run --network shop busybox')).calls[0]?.[1] as object));
});

test('what makes no sense is refused by its option', async (t) => {
  for (const words of [
    '--network host',
    '--network container:web',
    '--network a,b',
    '--network shop:spoof,ip=10.0.0.1',
    '--network shop:other',
    '--network none:spoof',
    '--network host:spoof',
    '--ip fd00::1',
    '--ip6 10.0.0.1',
    '--network none -p 80',
    '--network none --ip 10.0.0.1',
    '--network-alias -x',
  ]) {
    // prettier-ignore
    const { status, err, calls } = await line(`run ${words} busybox`);
    t.is(status, 2, words);
    t.regex(err, /--(network|ip|publish)/);
    t.deepEqual(calls, []);
  }
});

test('networks are made, listed, told of and removed', async (t) => {
  const made = await line('network create --subnet 10.1.2.0/24 --ipv6 --internal --label a=b shop');
  t.is(made.out, 'shop\n');
  t.like(made.calls[0]?.[1], {
    name: 'shop',
    subnets: ['10.1.2.0/24'],
    ipv6: true,
    internal: true,
    labels: { a: 'b' },
  });
  const opened = await line('network create --host-port 5432 --host-port 53/udp back');
  t.like(opened.calls[0]?.[1], {
    hostPorts: [
      { port: 5432, protocol: 'tcp' },
      { port: 53, protocol: 'udp' },
    ],
  });
  for (const port of ['0', '65536', '80:80', 'x', '53/sctp'])
    t.is((await line(`network create --host-port ${port} back`)).status, 2, port);
  t.regex((await line('network ls')).out, /^shop +thaw1 +10\.1\.2\.0\/24 +1$/m);
  t.is((await line('network ls -q')).out, 'shop\n');
  t.is((await line('network inspect --format {{.Name}} shop')).out, 'shop\n');
  t.deepEqual((await line('network rm a b')).calls, [
    ['networkRemove', 'a'],
    ['networkRemove', 'b'],
  ]);
  t.deepEqual((await line('network prune')).calls, [['networks']]);
});

test('two words are one command; the first alone says which there are', async (t) => {
  t.regex((await line('network --help')).out, /network create .*\n.*network ls/);
  t.regex((await line('network ls --help')).out, /^Usage: thaw network ls/);
  t.regex((await line('help network rm')).out, /^Usage: thaw network rm/);
  const { status, err } = await line('network nix');
  t.deepEqual([status, err], [2, 'thaw: Unknown command "network nix": see thaw --help\n']);
});

test('port tells which lead to a container', async (t) => {
  t.is((await line('port web')).out, '');
  t.is((await line('port web 80')).status, 125);
  t.is((await line('port web x')).status, 2);
});
