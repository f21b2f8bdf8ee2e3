// SPDX-License-Identifier: Apache-2.0
// A clone grows at once, and waits for the guest's confirmation if the caller asked for the memory.

import test from 'ava';
import { AgentType } from '../../../../toolstack/agent/wire.js';
import { ThawError } from '../../../../toolstack/base/errors.js';
import { shapeFor } from '../../../../toolstack/clone/template/shape.js';
import type { Template } from '../../../../toolstack/clone/template/template.js';
import { asDomid } from '../../../../toolstack/base/ids.js';
import {
  growAdopted,
  growBehind,
  growMemory,
  growVcpus,
} from '../../../../toolstack/sandbox/size/grow.js';
import type { Ready } from '../../../../toolstack/sandbox/boot/booted-clone.js';
import type { XenHost } from '../../../../toolstack/xen/host.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';

const NOW = Promise.resolve();
/** A sandbox that starts at that time; `onKnown` is called when xenstore must know it. */
const after = (
  started: Promise<unknown>,
  gone = new AbortController().signal,
  onKnown: () => void = () => undefined,
) => ({ started, gone, known: () => Promise.resolve(onKnown()) });
const MEM_TOTAL_KIB = 50_000;
const template = {
  shape: shapeFor('pvh', 2, 4),
  memTotalKib: MEM_TOTAL_KIB,
} as unknown as Template;

/** A guest that answers resizes with `answer`, and the requests to it and to Xen, in order. */
function guest(answer: () => Promise<Buffer> = () => Promise.resolve(Buffer.alloc(24))) {
  const libxl = new FakeLibxl();
  const log: unknown[] = [];
  const note = (...entry: unknown[]): void => void log.push(entry);
  libxl.setMaxMemory = (domid, kib) => Promise.resolve(note('limit', domid, kib));
  libxl.setPagingMempool = (domid, bytes) => Promise.resolve(note('pool', domid, bytes));
  libxl.setVcpuOnline = (domid, cpus) => Promise.resolve(note('online', domid, cpus));
  const link = {
    request(type: number, payload: Buffer) {
      if (type !== AgentType.RESIZE) throw new Error(`Asked for type ${type}`);
      const growKib = Number(payload.readBigUInt64LE(16));
      const asked = [Number(payload.readBigUInt64LE(0)), payload.readUInt32LE(8)];
      note('guest', ...asked, ...(growKib > 0 ? [growKib] : []));
      return answer();
    },
  };
  const xenstore = {
    write: (path: string, value: string) =>
      Promise.resolve(note(path.replace('/local/domain/3/memory/', ''), Number(value))),
  };
  const host: XenHost = fakeXenHost(libxl, xenstore as unknown as XenHost['xenstore']);
  // SAFETY: growth uses no other member.
  const ready = {
    domid: 3,
    link,
    template,
    record: { memoryKib: 2 ** 18 },
    memoryKib: template.shape.memoryKib,
  } as unknown as Ready;
  return { host, ready, log };
}

const kindsOf = (log: unknown[]): unknown[] => log.map((entry) => (entry as unknown[])[0]);

test('a container of base size needs no growth', async (t) => {
  const { host, ready, log } = guest();
  const want = { memoryKib: template.shape.memoryKib, vcpus: 1 };
  await growMemory(host, ready, want, 4096);
  await growVcpus(host, ready, want);
  await growBehind(host, ready, { ...want, growsBehind: true }, after(NOW));
  t.deepEqual(log, []);
});

test('limits, then the target, which the guest confirms', async (t) => {
  const { host, ready, log } = guest();
  await growMemory(host, ready, { memoryKib: 2 ** 20, vcpus: 2 }, 4096);
  t.deepEqual(kindsOf(log), ['pool', 'limit', 'target', 'guest']);
  t.deepEqual(log[1], ['limit', 3, 2 ** 20 + 1024]);
  t.deepEqual(log[2], ['target', 2 ** 20]);
});

test('a clone that waited is told by its agent alone, and of the rest by xenstore', async (t) => {
  const { host, ready, log } = guest();
  const baseKib = template.shape.memoryKib;
  const waited = { ...ready, hasVif: true, record: { ...ready.record, memoryKib: baseKib } };
  const want = { memoryKib: 2 ** 18, vcpus: 1, growsBehind: true };
  await growMemory(host, waited, want, 4096);
  t.deepEqual(kindsOf(log), ['pool', 'limit', 'guest']);
  t.deepEqual(log[1], ['limit', 3, baseKib + 4096 + 1024]);
  t.is((log[2] as number[])[3], 4096);
  log.length = 0;
  await growBehind(host, waited, want, after(NOW));
  t.deepEqual(kindsOf(log), ['pool', 'limit', 'target', 'guest']);
  t.is((log[3] as number[])[3], undefined);
});

test('one that was given memory while it waited grows by the rest, or not at all', async (t) => {
  const { host, ready, log } = guest();
  const memoryKib = template.shape.memoryKib + 8192;
  const waited = { ...ready, hasVif: true, memoryKib, record: { ...ready.record, memoryKib } };
  const behind = { memoryKib: 2 ** 18, vcpus: 1, growsBehind: true };
  await growMemory(host, waited, behind, 8192);
  t.deepEqual(log, []);
  await growMemory(host, waited, { memoryKib: memoryKib + 4096, vcpus: 1 }, 8192);
  t.is((log.at(-1) as number[])[3], 4096);
});

test('vCPUs are confirmed, too', async (t) => {
  const { host, ready, log } = guest();
  await growVcpus(host, ready, { memoryKib: 2 ** 18, vcpus: 2 });
  t.deepEqual(log, [
    ['online', 3, [0, 1]],
    ['guest', 0, 2],
  ]);
});

test('what the clone was made for needs no other limits', async (t) => {
  const { host, ready, log } = guest();
  await growMemory(host, ready, { memoryKib: 2 ** 18, vcpus: 1 }, 0);
  t.deepEqual(kindsOf(log), ['limit', 'target', 'guest']);
});

test('of memory that nobody asked for the start has what it needs, the rest comes when it is over', async (t) => {
  const { host, ready, log } = guest();
  const want = { memoryKib: 2 ** 18, vcpus: 1, growsBehind: true };
  const firstKib = template.shape.memoryKib + 4096;
  await growMemory(host, ready, want, 4096);
  t.deepEqual(log.slice(0, 2), [
    ['limit', 3, firstKib + 1024],
    ['target', firstKib],
  ]);
  t.deepEqual(kindsOf(log), ['limit', 'target', 'guest']);
  log.length = 0;
  let start: () => void = () => undefined;
  const grown = growBehind(
    host,
    ready,
    want,
    after(new Promise<void>((resolve) => (start = resolve))),
  );
  await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(log, []);
  start();
  await grown;
  t.deepEqual(kindsOf(log), ['limit', 'target', 'guest']);
  t.deepEqual(log[1], ['target', 2 ** 18]);
});

test('a start that waits for memory gets it a little later', async (t) => {
  const { host, ready, log } = guest();
  const want = { memoryKib: 2 ** 18, vcpus: 1, growsBehind: true };
  await growBehind(host, ready, want, after(new Promise(() => undefined)));
  t.deepEqual(kindsOf(log), ['limit', 'target', 'guest']);
});

test('one that is gone before its time gets none', async (t) => {
  const { host, ready, log } = guest();
  const want = { memoryKib: 2 ** 18, vcpus: 1, growsBehind: true };
  const gone = new AbortController();
  const growing = growBehind(host, ready, want, after(NOW, gone.signal));
  gone.abort();
  await growing;
  t.deepEqual(log, []);
});

test('the next thawd tells a guest what the last one did not come to', async (t) => {
  const { host, log } = guest();
  // Also for a sandbox that grew before its start, whose guest learned of it through its agent.
  const has = { type: 'pvh' as const, memoryKib: 2 ** 18, vcpus: 1 };
  await growAdopted(host, asDomid(3), has);
  t.deepEqual(kindsOf(log), ['pool', 'static-max', 'limit', 'target']);
  t.deepEqual(log[0], ['pool', 3, (256 + 256) * 4096]);
  // A sandbox that had more memory keeps its paging pool, which may be in use.
  log.length = 0;
  await growAdopted(host, asDomid(3), { ...has, maxVcpus: 4, mostMemoryKib: 2 ** 20 });
  t.deepEqual(log[0], ['pool', 3, (4 * 256 + 1024) * 4096]);
  t.deepEqual(log[3], ['target', 2 ** 18]);
});

test("what comes behind is waited for, and its failure is nobody else's", async (t) => {
  const want = { memoryKib: 2 ** 18, vcpus: 1, growsBehind: true };
  let come: ((answer: Buffer) => void) | undefined;
  const slow = guest(() => new Promise((resolve) => (come = resolve)));
  let isOver = false;
  const waiting = growBehind(slow.host, slow.ready, want, after(NOW)).then(() => {
    isOver = true;
  });
  while (come === undefined) await new Promise((resolve) => setImmediate(resolve));
  t.false(isOver);
  come(Buffer.alloc(24));
  await waiting;
  const gone = guest(() => Promise.reject(new ThawError('ERR_AGENT_CLOSED', 'gone')));
  await t.notThrowsAsync(growBehind(gone.host, gone.ready, want, after(NOW)));
  const asked = guest();
  const explicit = { ...want, growsBehind: false };
  await growBehind(asked.host, asked.ready, explicit, after(NOW));
  t.deepEqual(asked.log, []);
});

test('the guest must have nearly all of it, and not more than Xen gave', async (t) => {
  const { host, ready, log } = guest();
  await growMemory(host, ready, { memoryKib: 2 ** 18, vcpus: 1 }, 0);
  const atLeastKib = (log[2] as [string, number])[1];
  const addedKib = 2 ** 18 - template.shape.memoryKib;
  t.true(atLeastKib > MEM_TOTAL_KIB + 0.9 * addedKib && atLeastKib < MEM_TOTAL_KIB + addedKib);
});

test('a guest that does not follow ends the growth with its own error', async (t) => {
  const refusal = new ThawError('ERR_AGENT_RESIZE', 'no');
  const { host, ready, log } = guest(() => Promise.reject(refusal));
  const growing = growMemory(host, ready, { memoryKib: 2 ** 20, vcpus: 2 }, 0);
  t.is(await t.throwsAsync(growing, { code: 'ERR_AGENT_RESIZE' }), refusal);
  t.is((log.at(-1) as unknown[])[0], 'guest');
});

test('what xenstore does not know yet has its memory without it, and xenstore then says the same', async (t) => {
  const { host, ready, log } = guest();
  const introduction = { config: { memoryKib: template.shape.memoryKib } };
  const unknown = { ...ready, record: { ...ready.record, introduction } } as unknown as Ready;
  const want = { memoryKib: template.shape.memoryKib + 8192, vcpus: 1 };
  await growMemory(host, unknown, want, 0);
  t.deepEqual(kindsOf(log), ['limit', 'guest']);
  t.is((log[1] as number[])[3], 8192);
  t.is(introduction.config.memoryKib, want.memoryKib);
});

test('memory that comes behind waits until xenstore knows the domain', async (t) => {
  const { host, ready, log } = guest();
  const want = { memoryKib: 2 ** 17, vcpus: 1, growsBehind: true };
  const onKnown = (): void => void log.push(['known']);
  await growBehind(host, ready, want, after(NOW, undefined, onKnown));
  t.deepEqual(kindsOf(log).slice(0, 1), ['known']);
  t.true(kindsOf(log).includes('target'));
});
