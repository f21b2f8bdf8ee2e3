// SPDX-License-Identifier: Apache-2.0
// A clone grows at once, and waits for the guest's word if somebody asked for the memory.

import test from 'ava';
import type { AgentLink } from '../../../toolstack/agent/link.js';
import { AgentType } from '../../../toolstack/agent/wire.js';
import { ThawError } from '../../../toolstack/base/errors.js';
import { asDomid } from '../../../toolstack/base/ids.js';
import { shapeFor } from '../../../toolstack/clone/shape.js';
import type { Template } from '../../../toolstack/clone/template.js';
import { grow } from '../../../toolstack/sandbox/grow.js';
import { FakeLibxl, fakeXenHost } from '../../support/fake-xen-host.js';

const MEM_TOTAL_KIB = 50_000;
const template = {
  shape: shapeFor('pvh', 2, 4),
  memTotalKib: MEM_TOTAL_KIB,
} as unknown as Template;

/** A guest that answers resizes as `answer` says, and what was asked of it and of Xen, in order. */
function guest(answer: () => Promise<Buffer> = () => Promise.resolve(Buffer.alloc(16))) {
  const libxl = new FakeLibxl();
  const log: unknown[] = [];
  const note = (...entry: unknown[]): void => void log.push(entry);
  libxl.setMemoryTarget = (domid, kib) => Promise.resolve(note('target', domid, kib));
  libxl.setVcpuOnline = (domid, cpus) => Promise.resolve(note('online', domid, cpus));
  const link = {
    request(type: number, payload: Buffer) {
      if (type !== AgentType.RESIZE) throw new Error(`Asked for type ${type}`);
      note('guest', Number(payload.readBigUInt64LE(0)), payload.readUInt32LE(8));
      return answer();
    },
  } as unknown as AgentLink;
  return { host: fakeXenHost(libxl), link, log };
}

test('a container of base size needs no growth', async (t) => {
  const { host, link, log } = guest();
  await grow(host, asDomid(3), link, template, { memoryKib: template.shape.memoryKib, vcpus: 1 });
  t.deepEqual(log, []);
});

test('the target is confirmed by the guest, then the vCPUs', async (t) => {
  const { host, link, log } = guest();
  await grow(host, asDomid(3), link, template, { memoryKib: 2 ** 20, vcpus: 2 });
  const kinds = log.map((entry) => (entry as unknown[])[0]);
  t.deepEqual(kinds, ['target', 'guest', 'online', 'guest']);
  t.deepEqual(log[0], ['target', 3, 2 ** 20]);
  t.deepEqual(log.slice(2), [
    ['online', 3, [0, 1]],
    ['guest', 0, 2],
  ]);
});

test('memory that nobody asked for comes behind the start, vCPUs before it', async (t) => {
  const { host, link, log } = guest();
  const want = { memoryKib: 2 ** 18, vcpus: 2, growsBehind: true };
  await grow(host, asDomid(3), link, template, want);
  t.deepEqual(log, [
    ['target', 3, 2 ** 18],
    ['online', 3, [0, 1]],
    ['guest', 0, 2],
  ]);
});

test('the guest must have nearly all of it, and not more than Xen gave', async (t) => {
  const { host, link, log } = guest();
  await grow(host, asDomid(3), link, template, { memoryKib: 2 ** 18, vcpus: 1 });
  const atLeastKib = (log[1] as [string, number])[1];
  const addedKib = 2 ** 18 - template.shape.memoryKib;
  t.true(atLeastKib > MEM_TOTAL_KIB + 0.9 * addedKib && atLeastKib < MEM_TOTAL_KIB + addedKib);
});

test('a guest that does not follow ends the growth with its own error', async (t) => {
  const refusal = new ThawError('ERR_AGENT_RESIZE', 'no');
  const { host, link, log } = guest(() => Promise.reject(refusal));
  const growing = grow(host, asDomid(3), link, template, { memoryKib: 2 ** 20, vcpus: 2 });
  t.is(await t.throwsAsync(growing, { code: 'ERR_AGENT_RESIZE' }), refusal);
  t.is(log.length, 2);
});
