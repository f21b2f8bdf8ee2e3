// SPDX-License-Identifier: Apache-2.0
// A shared domain of an earlier thawd: used slots come last, and a part that cannot be swept does not keep the others from it.

import test from 'ava';
import { SharedDomain } from '../../../../toolstack/runtime/shared-domain/domain.js';
import { firstProcess, Slots } from '../../../../toolstack/runtime/shared-domain/slots.js';
import type { Sandbox } from '../../../../toolstack/sandbox/sandbox.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';
import type { ShimEvents } from '../../../../toolstack/sandbox/shim/client.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

const EVENTS: ShimEvents = {
  onExit: () => undefined,
  onLost: () => undefined,
  onGone: () => undefined,
};

function domainWith(status: () => Promise<unknown>) {
  const errors: string[] = [];
  const host = fakeXenHost(new FakeLibxl());
  const error = (message: string): void => void errors.push(message);
  Object.assign(host.log, { error });
  const sandbox = { domid: 9, record: { uuid: 'u', layers: [] }, shim: { status } };
  // SAFETY: the test uses no other member of these.
  const domain = new SharedDomain(
    { host } as unknown as SandboxServices,
    sandbox as unknown as Sandbox,
    new Slots<ShimEvents>(),
  );
  return { domain, errors };
}

test('the next slot is behind those that the shim remembers', async (t) => {
  const status = { state: 'up', processes: [{ process: firstProcess(4) + 7 }] };
  const { domain } = domainWith(() => Promise.resolve(status));
  t.is(await domain.passSlots(), status as never);
  t.is(domain.slots.take(EVENTS), 5);
});

test('a shim that does not answer has no status', async (t) => {
  const { domain } = domainWith(() => Promise.reject(new Error('no shim')));
  t.is(await domain.passSlots(), undefined);
  t.is(domain.slots.take(EVENTS), 1);
});

test('disks are swept though shares cannot be, and the failure names the owner', async (t) => {
  const { domain, errors } = domainWith(() => Promise.resolve({}));
  let swept = 0;
  domain.shares.sweep = () => Promise.reject(new Error('xenstore'));
  domain.disks.sweep = () => Promise.resolve(void swept++);
  await domain.sweep('pod shop');
  t.is(swept, 1);
  t.deepEqual(errors, ['Cannot look for files of pod shop']);
});
