// SPDX-License-Identifier: Apache-2.0
// A guest's addresses become elements of sets, in the words of nft and in the kernel's bytes.

import test from 'ava';
import {
  elementsOf,
  elementText,
  encodeElement,
  linkLocalOf,
  sourceOf,
} from '../../../../toolstack/network/sources/source.js';

const port = { vif: 'vif3.0', mac: '00:16:3e:12:34:56' };

test('the link-local address is that of the MAC', (t) => {
  t.is(linkLocalOf('00:16:3e:12:34:56').text, 'fe80::216:3eff:fe12:3456');
  t.is(linkLocalOf('02:00:00:00:00:01').text, 'fe80::0:ff:fe00:1');
});

test('each field of a key is padded to four bytes', (t) => {
  const addresses = [
    { family: 4, address: '10.94.0.2', prefix: 16, gateway: '10.94.0.1' },
  ] as const;
  const elements = elementsOf(sourceOf(port, { addresses: [...addresses] }));
  const name = `${Buffer.from('vif3.0').toString('hex')}${'00'.repeat(10)}`;
  const mac = '00163e1234560000';
  t.deepEqual(
    elements.map((element) => [
      element.set,
      elementText(element),
      encodeElement(element).key.toString('hex'),
    ]),
    [
      ['guests', '"vif3.0"', name],
      ['macs', '"vif3.0" . 00:16:3e:12:34:56', `${name}${mac}`],
      ['ipv4', '"vif3.0" . 00:16:3e:12:34:56 . 10.94.0.2', `${name}${mac}0a5e0002`],
      [
        'ipv6',
        '"vif3.0" . 00:16:3e:12:34:56 . fe80::216:3eff:fe12:3456',
        `${name}${mac}fe8000000000000002163efffe123456`,
      ],
    ],
  );
});

test('a guest that may send from any address is in no set of addresses', (t) => {
  const elements = elementsOf(sourceOf(port, { addresses: [], maySpoof: true }));
  t.deepEqual(
    elements.map(({ set }) => set),
    ['guests', 'free'],
  );
});
