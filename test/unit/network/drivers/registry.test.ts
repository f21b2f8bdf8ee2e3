// SPDX-License-Identifier: Apache-2.0
// Each network has one driver. Drivers connect guests in the required order.

import test from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { Steps } from '../../../../toolstack/base/steps.js';
import type { Attachment } from '../../../../toolstack/network/attachment.js';
import type { GuestInterface } from '../../../../toolstack/network/drivers/driver.js';
import { NetworkDrivers } from '../../../../toolstack/network/drivers/registry.js';
import { FakeHostNetwork } from '../../../support/network/fake-host-network.js';

function setUp(bridge: string | undefined) {
  const host = new FakeHostNetwork();
  const log = silentLog();
  const cni = { folder: '/none', namespaces: '/none', programs: [] };
  const drivers = new NetworkDrivers({ host, log, cni });
  const guest: GuestInterface = {
    vif: 'vif7.0',
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
  t.deepEqual(await setUp('').connect(bridged), [JOINED, CONFIGURED]);
  t.deepEqual(await setUp('thaw0').connect(bridged), [JOINED, CONFIGURED]);
  t.deepEqual(await setUp('thaw1').connect(bridged), [CONFIGURED]);
  t.deepEqual(await setUp(undefined).connect(bridged), [CONFIGURED], 'it is plugged later');
});

test('a vif of a CNI network leaves the pool’s bridge, and the guest gets no addresses of it', async (t) => {
  const { connect } = setUp('thaw0');
  t.deepEqual(await connect({ ...bridged, driver: 'cni', bridge: '' }), [
    ['join', 'vif7.0', ''],
    ['configure', undefined],
  ]);
});
