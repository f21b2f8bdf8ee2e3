// SPDX-License-Identifier: Apache-2.0
// The packet rules know the addresses of each guest before its frames pass, and forget them with its interface.

import test from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Sources } from '../../../../toolstack/network/sources/sources.js';
import { FakeHostNetwork } from '../../../support/network/fake-host-network.js';
import { networkRecord } from '../../../support/network/network-record.js';

function setUp() {
  const host = new FakeHostNetwork();
  const networks = () => [networkRecord()];
  return {
    host,
    sources: new Sources({ host, log: silentLog(), networks, reload: () => host.load('others') }),
  };
}

const source = {
  vif: 'vif3.0',
  mac: '00:16:3e:00:00:03',
  addresses: ['10.94.0.2'],
  isFree: false,
};

test('a source is sent to the kernel, and is part of all later loads', async (t) => {
  const { host, sources } = setUp();
  await sources.admit(source);
  t.deepEqual(host.calls, [['rules']]);
  await sources.load();
  t.true(host.frameRules.includes('"vif3.0" . 00:16:3e:00:00:03 . 10.94.0.2'));
});

test('a table that someone has removed is loaded again, with all sources', async (t) => {
  const { host, sources } = setUp();
  await sources.admit({ ...source, vif: 'vif2.0' });
  host.rulesFailure = Object.assign(new Error('no table'), { code: 'ERR_XEN_ENOENT' });
  await sources.admit(source);
  t.deepEqual(host.calls.slice(-3), [['rules'], ['load'], ['load']]);
  t.is(host.rules, 'others');
  t.regex(host.frameRules, /guests .*"vif2.0", "vif3.0"/);
});

test('another failure is the caller’s', async (t) => {
  const { host, sources } = setUp();
  host.rulesFailure = Object.assign(new Error('no memory'), { code: 'ERR_XEN_ENOMEM' });
  await t.throwsAsync(sources.admit(source), { code: 'ERR_XEN_ENOMEM' });
});

test('guests that leave do so together; one whose interface is still there stays without addresses', async (t) => {
  const { host, sources } = setUp();
  const later = { ...source, vif: 'vif4.0', mac: '00:16:3e:00:00:04', addresses: ['10.94.0.4'] };
  await sources.admit(source);
  await sources.admit(later);
  host.has = (name?: string) => name === 'vif4.0';
  sources.withdraw('vif3.0');
  sources.withdraw('vif4.0');
  sources.withdraw('vif4.0');
  t.is(host.calls.length, 2, 'not yet');
  await sources.close();
  t.is(host.calls.length, 3);
  await sources.load();
  t.regex(host.frameRules, /set guests .*elements = { "vif4.0" }/);
  t.notRegex(host.frameRules, /10\.94\.0|vif3/);
  host.has = () => false;
  await sources.close();
  await sources.load();
  t.notRegex(host.frameRules, /vif4/);
});

test('very many leave in messages of a bounded size', async (t) => {
  const { host, sources } = setUp();
  for (let n = 1; n <= 100; n++) sources.adopt({ ...source, vif: `vif${n}.0` });
  for (let n = 1; n <= 100; n++) sources.withdraw(`vif${n}.0`);
  host.has = () => false;
  await sources.close();
  t.deepEqual(host.calls, [['rules'], ['rules']], '400 elements');
});

test('a new guest with the same interface takes the place of an old one', async (t) => {
  const { host, sources } = setUp();
  await sources.admit(source);
  sources.withdraw('vif3.0');
  await sources.admit({ ...source, mac: '00:16:3e:00:00:09' });
  await sources.close();
  await sources.load();
  t.regex(host.frameRules, /00:16:3e:00:00:09 . 10\.94\.0\.2/);
  t.notRegex(host.frameRules, /00:16:3e:00:00:03/);
});

test('a kernel that filters no frames gets no changes', async (t) => {
  const { host, sources } = setUp();
  host.failure = new Error('not supported');
  await sources.load();
  t.deepEqual(host.calls, [['load'], ['load']], 'with the names of bridges, and without');
  await sources.admit(source);
  t.is(host.calls.length, 2);
});
