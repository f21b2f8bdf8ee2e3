// SPDX-License-Identifier: Apache-2.0
// A guest of thaw's own networks cannot pose as another. test/component/network/spoof.test.ts has the same without Xen.

import type { ExecutionContext } from 'ava';
import {
  command,
  debian,
  killThawd,
  runWords,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import {
  foreignFrames,
  honestFrames,
  rulingFrames,
  SEND,
  WATCH,
} from '../../support/network/forged.js';
import { namesOf, READY, received, type Guests } from '../../support/network/received.js';
import { once } from '../../support/once.js';

const inspect = async (name: string, field: string) =>
  (await thaw(['inspect', '--format', `{{.NetworkSettings.${field}}}`, name])).stdout.trim();

/** Starts a container that can send any frame, and returns the addresses that it was given. */
async function station(t: ExecutionContext, name: string, network: string, ...program: string[]) {
  const words = ['-d', '--name', name, '--network', network, '--cap-add', 'NET_RAW', debian];
  const { status, stderr } = await thaw(runWords(...words, ...program));
  t.is(status, 0, stderr);
  return {
    mac: await inspect(name, 'MacAddress'),
    ipv4: await inspect(name, 'IPAddress'),
    ipv6: await inspect(name, 'GlobalIPv6Address'),
  };
}

once(
  'a guest sends from its own addresses alone, unless its network says NAME:spoof',
  async (t) => {
    t.timeout(300_000);
    t.is((await thaw(['network', 'create', '--ipv6', 'posing'])).status, 0);
    const [sleep, watch] = [
      ['sleep', '1000'],
      ['perl', '-e', WATCH],
    ];
    const bound = await station(t, 'bound', 'posing', ...sleep);
    const free = await station(t, 'free', 'posing:spoof', ...sleep);
    const other = await station(t, 'other', 'posing', ...sleep);
    await station(t, 'watch', 'posing', ...watch);
    const guests: Guests = {
      seen: async () => (await thaw(['logs', 'watch'])).stdout,
      send: async (name, hex) => {
        const sent = await thaw(['exec', name, 'perl', '-e', SEND, ...hex]);
        t.is(sent.stdout, 'sent', sent.stderr);
      },
      settle: 1000,
    };
    await until('the watching guest is ready', async () => READY.test(await guests.seen()));
    const tryBound = async (when: string) => {
      t.deepEqual(await received(guests, 'bound', foreignFrames(bound, other)), [], when);
      t.deepEqual(await received(guests, 'bound', rulingFrames(bound)), [], when);
      t.deepEqual(
        await received(guests, 'bound', honestFrames(bound)),
        namesOf(honestFrames(bound)),
        when,
      );
    };
    await tryBound('at first');
    const forged = foreignFrames(free, other);
    // No network of thaw has tags.
    const sound = namesOf(forged).filter((name) => !name.includes('tag'));
    t.deepEqual(await received(guests, 'free', forged), sound, 'the frames are sound');
    t.deepEqual(await received(guests, 'free', rulingFrames(free)), [], 'nor is it a router');
    await killThawd();
    await startThawd();
    await tryBound('after a restart of thawd');
    await thaw(['rm', '--force', 'bound', 'free', 'other', 'watch']);
    t.is((await thaw(['network', 'rm', 'posing'])).status, 0);
    await until('nothing of them is left', async () => {
      const table = await command('nft', ['list', 'table', 'bridge', 'thaw']);
      return !table.includes(bound.mac) && !table.includes(other.mac);
    });
  },
);
