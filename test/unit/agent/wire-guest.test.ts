// SPDX-License-Identifier: Apache-2.0
// The agent's requests about its guest have the layout of kernels/agent/proto.h.

import test from 'ava';
import {
  encodeShareTag,
  encodeFill,
  encodeNetwork,
  encodeShm,
} from '../../../toolstack/agent/wire-guest.js';

test('MOUNT_SHARE, FILL and SHM are fields', (t) => {
  t.is(encodeShareTag('thaw').toString('hex'), '0400000074686177');
  t.is(
    encodeFill('r', '/d', 't', '0').toString('hex'),
    '0100000072' + '020000002f64' + '0100000074' + '0100000030',
  );
  t.is(encodeShm('c', '/d', 'n').toString('hex'), '0100000063020000002f64010000006e');
});

test('NETWORK is struct thaw_network and the name; what is not there is 0', (t) => {
  const ipv4 = {
    address: Buffer.from([10, 0, 0, 2]),
    prefix: 24,
    gateway: Buffer.from([10, 0, 0, 1]),
  };
  const bytes = encodeNetwork({
    interface: 'eth0',
    mac: Buffer.from('00163e010203', 'hex'),
    ipv4,
    mtu: 1500,
  });
  const head = '00163e010203' + '1800' + '0a000002' + '0a000001' + '00'.repeat(32) + 'dc050000';
  t.is(bytes.toString('hex'), `${head}0400000065746830`);
  const ipv6 = { address: Buffer.alloc(16, 1), prefix: 64, gateway: Buffer.alloc(16, 2) };
  const six = encodeNetwork({ interface: 'e', ipv6 }).toString('hex');
  t.is(
    six,
    `${'00'.repeat(6)}0040${'00'.repeat(8)}${'01'.repeat(16)}${'02'.repeat(16)}00000000${'0100000065'}`,
  );
});
