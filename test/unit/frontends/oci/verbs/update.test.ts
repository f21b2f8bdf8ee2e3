// SPDX-License-Identifier: Apache-2.0
// An engine's update limits a container by its own domain, or by its cgroup alone in the domain of its pod.

import test from 'ava';
import { AgentType } from '../../../../../toolstack/agent/wire.js';
import { decodeFields } from '../../../../../toolstack/base/frame.js';
import { silentLog } from '../../../../../toolstack/base/log.js';
import { OciContainer } from '../../../../../toolstack/frontends/oci/container/container.js';
import type {
  OciRecord,
  OciStore,
} from '../../../../../toolstack/frontends/oci/container/record.js';
import { update } from '../../../../../toolstack/frontends/oci/verbs/update.js';
import type { SharedDomain } from '../../../../../toolstack/runtime/shared-domain/index.js';
import type { SandboxServices } from '../../../../../toolstack/sandbox/services.js';
import { FakeLibxl, fakeXenHost } from '../../../../support/xen/fake-xen-host.js';

const MIB = 2 ** 20;
const SERVICES = {
  host: fakeXenHost(new FakeLibxl()),
  hostCpus: 4,
  defaultType: 'pvh',
  // SAFETY: an update that changes no domain's size uses these three.
} as unknown as SandboxServices;

/** A pod's first container and an additional one. Their agent answers requests or refuses them. */
function pod(refusal?: Error) {
  const asked: string[][] = [];
  const request = (type: number, payload: Buffer): Promise<Buffer> => {
    if (type === AgentType.LIMIT) asked.push(decodeFields(payload, 5).map(String));
    return refusal ? Promise.reject(refusal) : Promise.resolve(Buffer.alloc(0));
  };
  const sandbox = {
    record: { vcpus: 2, maxVcpus: 2, memoryKib: 512 * 1024 },
    grown: Promise.resolve(),
    written: () => Promise.resolve(),
    agent: () => Promise.resolve({ request }),
  };
  const store = { save: () => Promise.resolve() } as unknown as OciStore;
  const make = (key: string, change: Partial<OciRecord> = {}): OciContainer => {
    // SAFETY: an update uses no other member of a record and a domain.
    const record = { key, id: key, state: 'running', limits: {}, ...change } as OciRecord;
    const container = new OciContainer(record, store, silentLog());
    container.domain = { sandbox } as unknown as SharedDomain;
    return container;
  };
  const containers = [make('first'), make('second', { inDomainOf: 'first' })] as const;
  return { containers, asked };
}

test('one in another’s domain is limited by its cgroup, whole CPUs and all memory too', async (t) => {
  const { containers, asked } = pod();
  const [, member] = containers;
  await update(SERVICES, member, { cpus: 1, memoryBytes: 64 * MIB }, containers);
  t.deepEqual(asked, [['second', '100000 100000', '', String(64 * MIB), '']]);
  t.deepEqual(member.record.limits, { cpus: 1, memoryBytes: 64 * MIB });
  await update(SERVICES, member, { memoryBytes: Infinity, pids: 7 }, containers);
  t.deepEqual(asked[1], ['second', '', '7', 'max', '']);
  t.deepEqual(member.record.limits, { cpus: 1, pids: 7 });
});

test('one with its own domain has no quota for whole CPUs', async (t) => {
  const { containers, asked } = pod();
  const [owner] = containers;
  await update(SERVICES, owner, { cpus: 2, pids: 5 }, containers);
  t.deepEqual(asked, [['first', 'max 100000', '5', '', '']]);
  await t.throwsAsync(update(SERVICES, owner, { cpus: 3 }, containers), { code: 'ERR_USAGE' });
  await t.throwsAsync(update(SERVICES, owner, { memoryBytes: Infinity }, containers), {
    code: 'ERR_USAGE',
  });
});

test('a member keeps the limits that it had when its guest refuses others', async (t) => {
  const { containers } = pod(new Error('no'));
  const [, member] = containers;
  const failing = update(SERVICES, member, { pids: 3 }, containers);
  await t.throwsAsync(failing, { message: 'no' });
  t.deepEqual(member.record.limits, {});
});
