// SPDX-License-Identifier: Apache-2.0
// Host traits: all differences between two hosts are named in one line.

import test from 'ava';
import type { GuestFiles } from '../../../../toolstack/clone/template/shape.js';
import { checkTraits, hostTraits } from '../../../../toolstack/clone/template/host-traits.js';
import type { XenHost } from '../../../../toolstack/xen/host.js';
import { TRAITS } from '../../../support/runtime/container-services.js';

const CPUINFO = `processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 15
model\t\t: 107
model name\t: QEMU Virtual CPU
stepping\t: 1
microcode\t: 0x1000065
flags\t\t: sse fpu  apic

processor\t: 1
vendor_id\t: Other
`;

// SAFETY: the test uses no other member.
const host = {
  version: { version: '4.20.0', changeset: 'abc', capabilities: 'xen-3.0-x86_64 ' },
} as unknown as XenHost;
const guest = { hash: 'ab' } as GuestFiles;

test('a host is its guest files, its Xen and its CPU, whatever the microcode', async (t) => {
  const traits = await hostTraits(host, guest, () => Promise.resolve(CPUINFO));
  t.deepEqual(traits, {
    guest: 'ab',
    xen: '4.20.0 abc',
    abi: 'xen-3.0-x86_64',
    cpu: 'AuthenticAMD family 15 model 107 stepping 1',
    cpuFlags: ['apic', 'fpu', 'sse'],
  });
  const other = await hostTraits(host, guest, () =>
    Promise.resolve(CPUINFO.replace('0x1000065', '0x1')),
  );
  t.notThrows(() => checkTraits('x', traits, other));
});

test('all that differs is named', (t) => {
  t.notThrows(() => checkTraits('x', TRAITS, { ...TRAITS }));
  const other = {
    guest: 'cd',
    xen: '4.21',
    abi: TRAITS.abi,
    cpu: 'Other',
    cpuFlags: ['fpu', 'a', 'b', 'c', 'd', 'e', 'f'],
  };
  t.throws(() => checkTraits('web.ckpt', TRAITS, other), {
    code: 'ERR_CHECKPOINT_HOST',
    message:
      /^Cannot restore web.ckpt on this host: thaw's guest kernel or initrd is another .*; Xen was 4.20.0 debian and is 4.21; the CPU was Maker family 6 and is Other; the CPU has not sse; the CPU has also a, b, c, d, e, and 1 more$/,
  });
});
