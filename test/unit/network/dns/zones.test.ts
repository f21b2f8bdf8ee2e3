// SPDX-License-Identifier: Apache-2.0
// Builds the zones of the name server.

import test from 'ava';
import type { AttachedAddress, Attachment } from '../../../../toolstack/network/attachment.js';
import { zoneText } from '../../../../toolstack/network/dns/name-server.js';
import type { NetworkRecord } from '../../../../toolstack/network/record.js';
import { ownGateways, zonesOf } from '../../../../toolstack/network/dns/zones.js';

const record = (change: Partial<NetworkRecord> = {}): NetworkRecord => ({
  name: 'lan',
  driver: 'bridge',
  bridge: 'thaw1',
  internal: false,
  hasDns: true,
  labels: {},
  created: 0,
  subnets: [{ subnet: '10.1.0.0/16', gateway: '10.1.0.1' }],
  ...change,
});
const made = record({ driver: 'cni', bridge: '', subnets: [] });

const four = (gateway: string): AttachedAddress => ({
  family: 4,
  address: '10.2.0.9',
  prefix: 24,
  gateway,
});
const six: AttachedAddress = { family: 6, address: 'fd00::9', prefix: 64, gateway: 'fd00::1' };
const attachment = (id: string, network: string, nameGateways?: string[]): Attachment => ({
  id,
  driver: 'bridge',
  network,
  bridge: '',
  ports: [],
  nameServers: [],
  names: ['web'],
  addresses: [four('10.2.0.1'), six],
  ...(nameGateways ? { driver: 'cni', nameGateways } : {}),
});

test('thaw’s own gateways', (t) => {
  const [zone] = zonesOf([record()], [attachment('a1', 'lan'), attachment('b2', 'other')]);
  t.is(zone && zoneText(zone), '10.1.0.1\na1 10.2.0.9 fd00::9 web\n');
});

test('gateways that CNI plugins made, once each', (t) => {
  const all = [
    attachment('a1', 'lan', ['10.2.0.1']),
    attachment('b2', 'lan', ['10.2.0.1']),
    attachment('c3', 'lan', []),
    attachment('d4', 'also', ['10.2.0.1']),
  ];
  const [first, second] = zonesOf([made, { ...made, name: 'also' }], all);
  const lines = ['10.2.0.1', 'a1 10.2.0.9 fd00::9 web', 'b2 10.2.0.9 fd00::9 web', ''];
  t.is(first && zoneText(first), lines.join('\n'));
  t.deepEqual(second?.members, [], 'an address is listened at once');
});

test('the host’s own gateways, those of IPv4 first', (t) => {
  t.deepEqual(ownGateways([four('10.2.0.1'), six], ['10.2.0.1', 'fd00::1']), ['10.2.0.1']);
  t.deepEqual(ownGateways([four('10.2.0.254'), six], ['10.2.0.1', 'fd00::1']), ['fd00::1']);
  t.deepEqual(ownGateways([four('')], ['10.2.0.1']), []);
});
