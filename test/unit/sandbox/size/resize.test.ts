// SPDX-License-Identifier: Apache-2.0
// A running domain gets its new size and records it, or keeps its old size when Xen, the host or its guest refuses.

import test, { type ExecutionContext } from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { ThawError } from '../../../../toolstack/base/errors.js';
import { encodeFields } from '../../../../toolstack/base/frame.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import { MemoryBudget } from '../../../../toolstack/sandbox/size/memory-budget.js';
import {
  resizeMemory,
  resizeVcpus,
  type Resizable,
} from '../../../../toolstack/sandbox/size/resize.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';
import { joinFake } from '../../../support/xenstore/xenstore.js';

const MIB = 1024;
const DOMID = asDomid(9);
const BASE = `/local/domain/${DOMID}/memory`;

/** A guest of 64 MiB that follows its target down to `least`, and answers RESIZE with `answer`. */
async function guest(
  t: ExecutionContext,
  {
    least = 0,
    availableKib = 40 * MIB,
    freeKib = 2 ** 20,
    answer = (): Error | undefined => undefined,
  } = {},
) {
  const { client: xenstore } = await joinFake(t);
  const libxl = new FakeLibxl();
  const record = { ...containerRecord().sandbox, maxVcpus: 2 };
  const asked: number[][] = [];
  let has = 64 * MIB;
  libxl.domainInfo = async () => {
    const target = Number(await xenstore.readIfExists(`${BASE}/target`));
    has = Math.max(target || has, least);
    return { currentMemKib: has } as never;
  };
  const link = {
    request(type: number, payload: Buffer) {
      if (type === AgentType.STATS)
        return Promise.resolve(
          encodeFields(['', '', '', '', '', `MemAvailable: ${availableKib} kB\n`]),
        );
      const [kib, vcpus] = [Number(payload.readBigUInt64LE(0)), payload.readUInt32LE(8)];
      if (kib > 0 || vcpus > 0) {
        asked.push([kib, vcpus]);
        const error = answer();
        if (error) return Promise.reject(error);
      }
      const reply = Buffer.alloc(24);
      reply.writeBigUInt64LE(BigInt(50 * MIB), 0);
      return Promise.resolve(reply);
    },
  };
  const budget = new MemoryBudget(() => Promise.resolve(freeKib));
  // SAFETY: resizing uses no other member of these; a missing one is a TypeError in the test.
  const services = {
    host: fakeXenHost(libxl, xenstore),
    hostCpus: 2,
    budget,
  } as unknown as SandboxServices;
  const sandbox = {
    domid: DOMID,
    record,
    gone: new AbortController().signal,
    agent: () => Promise.resolve(link),
  } as unknown as Resizable;
  const node = (name: string) => xenstore.readIfExists(`${BASE}/${name}`);
  return { services, sandbox, record, libxl, asked, node };
}

test('more: promised, allowed, told, confirmed, and the limit raised for xl', async (t) => {
  const { services, sandbox, record, libxl, asked, node } = await guest(t);
  await resizeMemory(services, sandbox, 128 * MIB, 'c');
  t.deepEqual(libxl.calls, [
    ['setPagingMempool', DOMID, (2 * 256 + 128) * 4096],
    ['setMaxMemory', DOMID, 129 * MIB],
  ]);
  t.is(await node('target'), String(128 * MIB));
  t.is(await node('static-max'), String(128 * MIB));
  const [[atLeastKib = 0] = []] = asked;
  t.true(atLeastKib > (50 + 0.9 * 64) * MIB && atLeastKib < (50 + 64) * MIB);
  t.like(record, { memoryKib: 128 * MIB, mostMemoryKib: 128 * MIB });
  // The promised memory is free again; otherwise this request would be too large.
  const release = await services.budget.reserve(900 * MIB);
  release();
});

test('more than the host has, or than the guest takes, changes nothing', async (t) => {
  const poor = await guest(t, { freeKib: 16 * MIB });
  await t.throwsAsync(resizeMemory(poor.services, poor.sandbox, 128 * MIB, 'c'), {
    code: 'ERR_MEMORY',
  });
  t.deepEqual(poor.libxl.calls, []);
  const slow = await guest(t, { answer: () => new ThawError('ERR_AGENT_RESIZE', 'no') });
  await t.throwsAsync(resizeMemory(slow.services, slow.sandbox, 128 * MIB, 'c'), {
    code: 'ERR_AGENT_RESIZE',
  });
  t.deepEqual(slow.libxl.calls.at(-1), ['setMaxMemory', DOMID, 65 * MIB]);
  t.is(await slow.node('target'), String(64 * MIB));
  t.is(slow.record.memoryKib, 64 * MIB);
  t.is(slow.record.mostMemoryKib, undefined);
});

test('less: told first, and allowed no more when Xen has it', async (t) => {
  const { services, sandbox, record, libxl, node } = await guest(t);
  await resizeMemory(services, sandbox, 40 * MIB, 'c');
  t.deepEqual(libxl.calls, [['setMaxMemory', DOMID, 41 * MIB]]);
  t.is(await node('target'), String(40 * MIB));
  t.is(await node('static-max'), String(40 * MIB));
  t.like(record, { memoryKib: 40 * MIB, mostMemoryKib: 64 * MIB });
  // The paging pool keeps the size that the largest memory needed.
  await resizeMemory(services, sandbox, 48 * MIB, 'c');
  t.deepEqual(libxl.calls[1], ['setPagingMempool', DOMID, (2 * 256 + 64) * 4096]);
});

test('less than it uses is refused before it is told', async (t) => {
  const { services, sandbox, record, libxl, node } = await guest(t, { availableKib: 20 * MIB });
  await t.throwsAsync(resizeMemory(services, sandbox, 40 * MIB, 'c'), {
    code: 'ERR_CONTAINER_MEMORY',
    message: /it uses 44 MiB of its 64 MiB/,
  });
  t.is(await node('target'), undefined);
  t.deepEqual(libxl.calls, []);
  t.is(record.memoryKib, 64 * MIB);
});

test('a guest that keeps what it has gets back what it gave', async (t) => {
  const { services, sandbox, record, libxl, node } = await guest(t, { least: 56 * MIB });
  const moved = resizeMemory(services, sandbox, 40 * MIB, 'c', 300);
  await t.throwsAsync(moved, { code: 'ERR_CONTAINER_MEMORY', message: /kept 56 MiB/ });
  t.is(await node('target'), String(64 * MIB));
  t.deepEqual(libxl.calls, [['setMaxMemory', DOMID, 65 * MIB]]);
  t.is(record.memoryKib, 64 * MIB);
  const release = await services.budget.reserve(900 * MIB);
  release();
});

test('vCPUs are switched, or switched back', async (t) => {
  const { services, sandbox, record, libxl, asked } = await guest(t);
  await resizeVcpus(services, sandbox, 2);
  t.is(record.vcpus, 2);
  t.deepEqual(asked, [[0, 2]]);
  await t.throwsAsync(resizeVcpus(services, sandbox, 3), { instanceOf: RangeError });
  let refusals = 1;
  const stubborn = await guest(t, {
    answer: () => (refusals-- > 0 ? new ThawError('ERR_AGENT_RESIZE', 'no') : undefined),
  });
  await t.throwsAsync(resizeVcpus(stubborn.services, stubborn.sandbox, 2), {
    code: 'ERR_AGENT_RESIZE',
  });
  t.deepEqual(stubborn.libxl.calls, [
    ['setVcpuOnline', DOMID, [0, 1]],
    ['setVcpuOnline', DOMID, [0]],
  ]);
  t.is(stubborn.record.vcpus, 1);
  t.deepEqual(libxl.calls, [['setVcpuOnline', DOMID, [0, 1]]]);
});
