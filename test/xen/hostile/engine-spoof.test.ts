// SPDX-License-Identifier: Apache-2.0
// In a container engine's network, a guest sends from the addresses that the engine gave it, and from no others, also when these change.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { outcome } from '../../support/engines/bundle.js';
import { command, images, until, type Outcome } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isLong } from '../../support/once.js';
import {
  foreignFrames,
  honestFrames,
  rulingFrames,
  SEND,
  WATCH,
} from '../../support/network/forged.js';
import { namesOf, READY, received, type Guests } from '../../support/network/received.js';

const ENGINE = ['podman', '--runtime', '/usr/bin/thaw-oci'];
const podman = (...words: string[]): Promise<Outcome> => outcome([...ENGINE, ...words]);
const image = 'localhost/perl';
const NETWORKS = ['posing', 'joined'];
const NAMES = ['bound', 'free', 'other', 'watch'];

test.before(async () => {
  if (!isLong) return;
  const load = ['load', '-q', '-i', `${images}/debian.oci.tar`];
  const said = await command('podman', load, 300_000);
  await command('podman', ['tag', said.replace(/^.*: /s, '').trim(), image]);
});

test.after.always(async () => {
  if (!isLong) return;
  await podman('rm', '-f', '-t', '0', ...NAMES);
  for (const name of NETWORKS) await podman('network', 'rm', '-f', name);
  await command('podman', ['rmi', '-f', image]);
});

interface Network {
  IPAddress: string;
  GlobalIPv6Address: string;
  MacAddress: string;
}

async function addresses(name: string, network: string) {
  const { stdout } = await podman('inspect', '-f', '{{json .NetworkSettings.Networks}}', name);
  const own = (JSON.parse(stdout) as Record<string, Network>)[network];
  if (!own) throw new Error(`${name} is not in ${network}`);
  return { mac: own.MacAddress, ipv4: own.IPAddress, ipv6: own.GlobalIPv6Address };
}

longOnce('a guest of podman cannot pose as another', async (t) => {
  t.timeout(600_000);
  const made = await podman(
    'network',
    'create',
    '--subnet',
    '10.221.0.0/24',
    '--subnet',
    'fd21::/64',
    'posing',
  );
  t.is(made.status, 0, made.stderr);
  const start = async (engine: string[], name: string, ...program: string[]) => {
    const words = ['run', '-d', '--name', name, '--network', 'posing', '--memory', '96m'];
    const { status, stderr } = await outcome([
      ...[...ENGINE, ...engine, ...words, '--cap-add', 'NET_RAW,SYS_ADMIN', image, ...program],
    ]);
    t.is(status, 0, stderr);
    return addresses(name, 'posing');
  };
  const bound = await start([], 'bound', 'sleep', '1000');
  const free = await start(['--runtime-flag', 'network-spoof'], 'free', 'sleep', '1000');
  const other = await start([], 'other', 'sleep', '1000');
  await start([], 'watch', 'perl', '-e', WATCH);
  const guests: Guests = {
    seen: async () => (await podman('logs', 'watch')).stdout,
    send: async (name, hex) => {
      const sent = await podman('exec', name, 'perl', '-e', SEND, ...hex);
      t.is(sent.stdout, 'sent', sent.stderr);
    },
    settle: 1000,
  };
  await until('the watching guest is ready', async () => READY.test(await guests.seen()), 60_000);
  const tryBound = async (when: string) => {
    t.deepEqual(await received(guests, 'bound', foreignFrames(bound, other)), [], when);
    t.deepEqual(await received(guests, 'bound', rulingFrames(bound)), [], when);
    // The engine chooses the link-local address itself.
    const honest = namesOf(honestFrames(bound)).filter((name) => name !== 'link-local');
    const passed = await received(guests, 'bound', honestFrames(bound));
    t.deepEqual(
      passed.filter((name) => name !== 'link-local'),
      honest,
      when,
    );
  };
  await tryBound('at first');
  const forged = [...foreignFrames(free, other), ...rulingFrames(free)];
  const passed = await received(guests, 'free', forged);
  const plain = (all: string[]) => all.filter((name) => !name.includes('tag'));
  t.deepEqual(plain(passed), plain(namesOf(forged)), 'the frames are sound');
  t.is((await podman('network', 'create', 'joined')).status, 0);
  const joined = await podman('network', 'connect', 'joined', 'bound');
  t.is(joined.status, 0, joined.stderr);
  await delay(2000);
  await tryBound('with another interface');
});
