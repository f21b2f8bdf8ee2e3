// SPDX-License-Identifier: Apache-2.0
// Netlink messages are answered by this kernel; a refusal has the kernel's reason.

import test from 'ava';
import { NETLINK, netlinkSend } from '../../../bindings/index.js';
import { ACK, message, REQUEST } from '../../../toolstack/network/netlink/message.js';
import { elementMessages } from '../../../toolstack/network/netlink/set-elements.js';
import { portMessages } from '../../../toolstack/network/netlink/bridge-port.js';

const RTM_GETLINK = 18;

test('a message that the kernel takes', async (t) => {
  const loopback = Buffer.alloc(16);
  loopback.writeInt32LE(1, 4);
  await t.notThrowsAsync(
    netlinkSend(NETLINK.ROUTE, message(RTM_GETLINK, REQUEST | ACK, loopback, [])),
  );
});

test('the kernel’s refusal is the error', async (t) => {
  await t.throwsAsync(
    netlinkSend(NETLINK.ROUTE, portMessages(0x7ffffff0, '02:00:00:00:00:01', false)),
    {
      code: 'ERR_XEN_ENODEV',
    },
  );
  const elements = [{ set: 'macs', key: Buffer.alloc(24) }];
  await t.throwsAsync(netlinkSend(NETLINK.NETFILTER, elementMessages('ADD', 'none', elements)), {
    code: 'ERR_XEN_ENOENT',
  });
});

test('lengths that lead out of the messages are refused before the kernel sees them', async (t) => {
  for (const length of [0, 15, 17, 0xffffffff]) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32LE(length, 0);
    await t.throwsAsync(netlinkSend(NETLINK.ROUTE, bytes), { code: 'ERR_XEN_EINVAL' });
  }
  await t.throwsAsync(netlinkSend(NETLINK.ROUTE, Buffer.alloc(3)), { code: 'ERR_XEN_EINVAL' });
});
