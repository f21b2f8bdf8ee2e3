// SPDX-License-Identifier: Apache-2.0
// The nodes of a front end are kept for its clones if they are those of a single queue, and ignored otherwise.

import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { backendRelease, keptVifNodes, readKeptVif } from '../../../toolstack/xen/vif-kept.js';
import { FakeLibxl, fakeXenHost } from '../../support/xen/fake-xen-host.js';
import { joinFake } from '../../support/xenstore/xenstore.js';

const DOMID = asDomid(3);
const FRONT = '/local/domain/3/device/vif/0';
/** The nodes that Linux 6.12 writes. */
const SAID = {
  'xdp-headroom': '0',
  'multi-queue-num-queues': '1',
  'tx-ring-ref': '594',
  'rx-ring-ref': '595',
  'request-rx-copy': '1',
  'feature-rx-notify': '1',
  'feature-sg': '1',
  'feature-gso-tcpv4': '1',
  'feature-ipv6-csum-offload': '1',
};
const OWN = {
  backend: '/local/domain/0/backend/vif/3/0',
  'backend-id': '0',
  state: '4',
  mac: '00:16:3e:01:02:03',
  handle: '0',
  mtu: '1500',
};

async function read(t: ExecutionContext, nodes: Record<string, string>) {
  const { client } = await joinFake(t);
  for (const [name, value] of Object.entries(nodes)) await client.write(`${FRONT}/${name}`, value);
  return readKeptVif(fakeXenHost(new FakeLibxl(), client), DOMID);
}

test('all that it said is kept but for what is its own', async (t) => {
  const split = { ...OWN, ...SAID, 'event-channel-tx': '9', 'event-channel-rx': '10' };
  const kept = await read(t, split);
  t.deepEqual(kept, { backend: backendRelease(), nodes: SAID, isSplit: true });
  if (!kept) return;
  const state = '4';
  const ports = { 'event-channel-tx': '5', 'event-channel-rx': '6' };
  t.deepEqual(keptVifNodes(kept, { tx: 5, rx: 6 }), { ...SAID, ...ports, state });

  const single = await read(t, { ...OWN, ...SAID, 'event-channel': '9' });
  t.false(single?.isSplit);
  if (single)
    t.deepEqual(keptVifNodes(single, { tx: 5, rx: 6 }), { ...SAID, 'event-channel': '5', state });
});

test('what no front end with one queue would say is not kept', async (t) => {
  const { 'rx-ring-ref': ring, ...halfSaid } = SAID;
  t.is(ring, '595');
  const cases: Record<string, Record<string, string>> = {
    'no ring': halfSaid,
    'two queues': { ...SAID, 'multi-queue-num-queues': '2' },
    'no number': { ...SAID, 'tx-ring-ref': '../8' },
    'a number that is too long': { ...SAID, 'feature-sg': '12345678901' },
    'an empty value': { ...SAID, 'feature-sg': '' },
  };
  for (const [what, nodes] of Object.entries(cases))
    t.is(await read(t, { ...OWN, ...nodes }), undefined, what);
});

test('names that are not known are left out', async (t) => {
  const kept = await read(t, { ...OWN, ...SAID, script: '/bin/sh', 'Feature-X': '1' });
  t.deepEqual(kept?.nodes, SAID);
});
