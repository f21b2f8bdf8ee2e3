// SPDX-License-Identifier: Apache-2.0
// Each network has one driver. Drivers connect guests in the required order.

import test from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Steps } from '../../../../toolstack/base/steps.js';
import type { Attachment } from '../../../../toolstack/network/attachment.js';
import type { GuestInterface } from '../../../../toolstack/network/drivers/driver.js';
import { NetworkDrivers } from '../../../../toolstack/network/drivers/registry.js';
import { Sources } from '../../../../toolstack/network/sources/sources.js';
import { FakeHostNetwork } from '../../../support/network/fake-host-network.js';

function setUp(bridge: string | undefined) {
  const host = new FakeHostNetwork();
  const log = silentLog();
  const cni = { folder: '/none', namespaces: '/none', programs: [] };
  const sources = new Sources({ host, log, networks: () => [], reload: () => Promise.resolve() });
  const drivers = new NetworkDrivers({ host, log, cni, sources });
  const guest: GuestInterface = {
    vif: 'vif7.0',
    mac: MAC,
    bridge,
    configure: (addresses) => {
      host.calls.push(['configure', addresses?.map(({ address }) => address)]);
      return Promise.resolve();
    },
    netlink: () => Promise.reject(new Error('no messages are due')),
  };
  const connect = async (of: Attachment) => {
    await drivers.of(of).connect(guest, of, new Steps(log, 'test'));
    return host.calls;
  };
  return { drivers, connect };
}

const bridged: Attachment = {
  id: 'a1',
  driver: 'bridge',
  network: 'shop',
  bridge: 'thaw1',
  ports: [],
  names: ['web'],
  addresses: [{ family: 4, address: '10.95.0.2', prefix: 16, gateway: '10.95.0.1' }],
  nameServers: [],
};
const MAC = '00:16:3e:00:00:07';
const RULES = ['rules'];
/** The bridge learns from the port of a guest only if that may send from any address. */
const bound = (is: boolean) => ['port', 'vif7.0', MAC, !is];
const JOINED = ['join', 'vif7.0', 'thaw1'];
const CONFIGURED = ['configure', ['10.95.0.2']];

test('a request with a CNI list goes to the plugins, another becomes a bridge', (t) => {
  const { drivers } = setUp('');
  t.is(drivers.for({ name: 'a' }).name, 'bridge');
  t.is(drivers.for({ name: 'a', cni: { from: 'f', text: '{}' } }).name, 'cni');
  t.true(drivers.has({ driver: 'cni' }));
  t.false(drivers.has({ driver: 'later' }));
  t.throws(() => drivers.of({ driver: 'later' }), { message: /"later"/ });
});

test('only a bridge’s vif may be plugged after the start', (t) => {
  const { drivers } = setUp('');
  t.truthy(drivers.of({ driver: 'bridge' }).deferred);
  t.falsy(drivers.of({ driver: 'cni' }).deferred);
});

test('a vif comes into its bridge unless it is there, and then the guest gets its addresses', async (t) => {
  t.deepEqual(await setUp('').connect(bridged), [RULES, JOINED, bound(true), CONFIGURED]);
  t.deepEqual(await setUp('thaw0').connect(bridged), [RULES, JOINED, bound(true), CONFIGURED]);
  t.deepEqual((await setUp('thaw1').connect(bridged)).sort(), [CONFIGURED, RULES]);
  t.deepEqual(await setUp(undefined).connect(bridged), [CONFIGURED], 'it is plugged later');
});

test('a guest that may send from any address has its port learn, also in the pool’s bridge', async (t) => {
  const free = { ...bridged, maySpoof: true };
  t.deepEqual(await setUp('').connect(free), [RULES, JOINED, bound(false), CONFIGURED]);
  t.deepEqual((await setUp('thaw1').connect(free)).sort(), [CONFIGURED, bound(false), RULES]);
});

test('a vif of a CNI network leaves the pool’s bridge, and the guest gets no addresses of it', async (t) => {
  const { connect } = setUp('thaw0');
  t.deepEqual(await connect({ ...bridged, driver: 'cni', bridge: '' }), [
    ['join', 'vif7.0', ''],
    ['configure', undefined],
  ]);
});
