// SPDX-License-Identifier: Apache-2.0
// Selects CNI configurations, and builds each plugin's input.

import test from 'ava';
import { parseCniList, pluginConfig } from '../../../../../toolstack/network/drivers/cni/list.js';

const parse = (config: unknown) => parseCniList('--cni x', JSON.stringify(config));

const list = {
  cniVersion: '1.0.0',
  name: 'lan',
  plugins: [
    { type: 'bridge', bridge: 'br0', capabilities: { ips: true, mac: false } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

test('a list, and one plugin alone, are taken', (t) => {
  t.deepEqual(parse(list), list);
  const one = { cniVersion: '0.4.0', name: 'lan', type: 'macvlan', master: 'eth0' };
  t.deepEqual(parse(one), { cniVersion: '0.4.0', name: 'lan', plugins: [one] });
});

for (const [what, config, why] of [
  ['what is no object', [], /an object is wanted/],
  ['no version', { ...list, cniVersion: 1 }, /"cniVersion" is wanted/],
  ['a version that is none', { ...list, cniVersion: 'x' }, /"cniVersion" is wanted/],
  ['no name', { ...list, name: '' }, /"name" is wanted/],
  ['a name that is a path', { ...list, name: '../x' }, /"name" is wanted/],
  ['no plugins', { ...list, plugins: [] }, /"plugins" is wanted/],
  ['too many', { ...list, plugins: Array(33).fill({ type: 'x' }) }, /1 to 32/],
  ['a plugin without type', { ...list, plugins: [{ type: 'x' }, {}] }, /plugin 2 has no "type"/],
  ['a type that is a path', { ...list, plugins: [{ type: 'a/b' }] }, /plugin 1 has no "type"/],
  ['odd capabilities', { ...list, plugins: [{ type: 'x', capabilities: 1 }] }, /plugin 1/],
] as const)
  test(`refused: ${what}`, (t) => {
    t.throws(() => parse(config), { code: 'ERR_NETWORK_CNI', message: why });
  });

test('refused: what is no JSON, in one line that names it', (t) => {
  t.throws(() => parseCniList('--cni x', '{'), {
    code: 'ERR_NETWORK_CNI',
    message: 'Cannot use --cni x: it is no JSON',
  });
});

test('a plugin is told its own part, what it is able to do, and what came before', (t) => {
  const [bridge, portmap] = parse(list).plugins;
  if (!bridge || !portmap) return t.fail();
  const wish = { ips: ['10.0.0.9'], mac: '02:00:00:00:00:01' };
  t.deepEqual(pluginConfig(list, bridge, wish, undefined), {
    cniVersion: '1.0.0',
    name: 'lan',
    type: 'bridge',
    bridge: 'br0',
    runtimeConfig: { ips: ['10.0.0.9'] },
  });
  t.deepEqual(pluginConfig(list, portmap, wish, { ips: [] }), {
    cniVersion: '1.0.0',
    name: 'lan',
    type: 'portmap',
    prevResult: { ips: [] },
  });
});
