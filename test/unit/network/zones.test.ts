// SPDX-License-Identifier: Apache-2.0
// Where names of a network are told, and of whom.

import test from 'ava';
import type { AttachedAddress, Attachment } from '../../../toolstack/network/attachment.js';
import { zoneText } from '../../../toolstack/network/dns.js';
import type { NetworkRecord } from '../../../toolstack/network/record.js';
import { zoneOf } from '../../../toolstack/network/zones.js';

const record = (change: Partial<NetworkRecord> = {}): NetworkRecord => ({
  ...{ name: 'lan', bridge: 'thaw1', internal: false, hasDns: true, labels: {}, created: 0 },
  subnets: [{ subnet: '10.1.0.0/16', gateway: '10.1.0.1' }],
  ...change,
});
const cni = { cniVersion: '1.0.0', name: 'lan', plugins: [{ type: 'bridge' }] };
const made = record({ bridge: '', subnets: [], cni });

const four = (gateway: string): AttachedAddress => ({
  ...{ family: 4, address: '10.2.0.9', prefix: 24, gateway },
});
const attachment = (...addresses: AttachedAddress[]): Attachment => ({
  ...{ id: 'a1', network: 'lan', bridge: '', ports: [], nameServers: [], names: ['web'] },
  addresses,
});

test('thaw’s own gateways', (t) => {
  const zone = zoneOf(record(), [attachment(four('10.1.0.1'))], []);
  t.is(zoneText(zone), '10.1.0.1\na1 10.2.0.9  web\n');
});

test('gateways that CNI plugins made, where they are the host’s', (t) => {
  const six: AttachedAddress = { family: 6, address: 'fd00::9', prefix: 64, gateway: 'fd00::1' };
  const both = attachment(four('10.2.0.1'), six);
  const zone = zoneOf(made, [both, { ...both, id: 'b2' }], ['10.2.0.1', 'fd00::1']);
  t.is(zoneText(zone), '10.2.0.1\na1 10.2.0.9 fd00::9 web\nb2 10.2.0.9 fd00::9 web\n');
  t.is(zoneText(zoneOf(made, [attachment(six)], ['fd00::1'])), 'fd00::1\na1  fd00::9 web\n');
});

test('nobody where the gateway is another’s, or there is none', (t) => {
  for (const gateway of ['10.2.0.254', ''])
    t.deepEqual(zoneOf(made, [attachment(four(gateway))], ['10.2.0.1']).members, []);
});
