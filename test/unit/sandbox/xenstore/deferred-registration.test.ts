// SPDX-License-Identifier: Apache-2.0
// A running sandbox is introduced, its vif is plugged and reported as connected, in this order, by this thawd or the next.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../../toolstack/base/ids.js';
import {
  introduceClone,
  type Introduction,
} from '../../../../toolstack/clone/engine/registration.js';
import {
  connectAgain,
  LateConnection,
  SETTLE_MS,
} from '../../../../toolstack/sandbox/xenstore/deferred-registration.js';
import type { SandboxRecord } from '../../../../toolstack/sandbox/record.js';
import type { SandboxServices } from '../../../../toolstack/sandbox/services.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { FakeLibxl, fakeXenHost } from '../../../support/xen/fake-xen-host.js';
import { until } from '../../../support/within.js';
import { joinFake } from '../../../support/xenstore/xenstore.js';

const DOMID = asDomid(7);
const folder = mkdtempSync(join(tmpdir(), 'thaw-'));
test.after.always(() => rmSync(folder, { recursive: true }));
const introducer: typeof introduceClone = (...request) =>
  introduceClone(request[0], request[1], request[2], request[3], folder);
const FRONT = '/local/domain/7/device/vif/0';
const BACK = '/local/domain/0/backend/vif/7/0';

async function setUp(t: ExecutionContext, { hasNetwork = true } = {}) {
  const { client, fake } = await joinFake(t);
  const { sandbox } = containerRecord();
  const introduction: Introduction = {
    config: {
      name: 'late',
      uuid: sandbox.uuid,
      type: 'pvh',
      kernel: '',
      initrd: '',
      cmdline: '',
      maxVcpus: 1,
      onlineVcpus: 1,
      memoryKib: 16384,
      maxMemoryKib: 32768,
    },
    storeFrame: 99,
    storePort: 1,
    vif: { 'tx-ring-ref': '8', 'event-channel': '5', state: '4' },
  };
  const network = { bridge: 'thaw0' } as unknown as NonNullable<SandboxRecord['network']>;
  const { network: without, ...rest } = sandbox;
  t.is(without, undefined);
  const record: SandboxRecord = { ...rest, introduction, ...(hasNetwork ? { network } : {}) };
  const log: string[] = [];
  const host = fakeXenHost(new FakeLibxl(), client);
  client.introduce = (domid, frame, port) => {
    log.push(`introduce ${domid} ${frame} ${port}`);
    return Promise.resolve();
  };
  const networks = {
    plugDeferred: ({ vif, mac }: { vif: string; mac: string }, { bridge }: { bridge: string }) => {
      log.push(`plug ${vif} ${mac} ${bridge} ${fake.text(`${BACK}/hotplug-status`) ?? 'early'}`);
      return Promise.resolve();
    },
    publish: ({ bridge }: { bridge: string }) => {
      log.push(`publish ${bridge} ${fake.text(`${BACK}/hotplug-status`) ?? 'early'}`);
      return Promise.resolve();
    },
  };
  const services = { host, networks } as unknown as SandboxServices;
  const gone = new AbortController();
  /** The state that netback would write. */
  const back = (state: string): Promise<void> => client.write(`${BACK}/state`, state);
  return { services, record, client, fake, log, gone, back };
}

test('nothing is done before its time, then all of it in order', async (t) => {
  const { services, record, fake, log, back } = await setUp(t);
  const late = new LateConnection(services, record, DOMID, introducer);
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.deepEqual(log, []);
  t.is(fake.text(`${FRONT}/state`), undefined);
  await late.begin();
  t.deepEqual(log, ['introduce 7 99 1']);
  t.is(fake.text(`${FRONT}/state`), '4');
  t.is(fake.text(`${FRONT}/tx-ring-ref`), '8');
  t.is(fake.text('/local/domain/7/memory/target'), '16384');
  await new Promise((resolve) => setTimeout(resolve, 50));
  t.is(log.length, 1, 'there is no interface yet');
  await back('2');
  await until(
    'it is said to be plugged',
    () => fake.text(`${BACK}/hotplug-status`) === 'connected',
  );
  t.deepEqual(log.slice(1), [`plug vif7.0 ${record.mac} thaw0 early`, 'publish thaw0 early']);
  t.truthy(record.introduction);
  await back('4');
  await late.connected;
  t.is(record.introduction, undefined);
});

test('without a network its vif is connected to nothing', async (t) => {
  const { services, record, fake, log, back } = await setUp(t, { hasNetwork: false });
  const late = new LateConnection(services, record, DOMID, introducer);
  await late.begin();
  t.is(fake.text(`${BACK}/hotplug-status`), 'connected');
  await back('4');
  await late.connected;
  t.deepEqual(log, ['introduce 7 99 1']);
});

test('what goes before its time is not introduced; what was begun comes to its end before it goes', async (t) => {
  const early = await setUp(t);
  const never = new LateConnection(early.services, early.record, DOMID, introducer);
  await never.end();
  await never.connected;
  await never.begin();
  t.deepEqual(early.log, []);

  const { services, record, log, back } = await setUp(t);
  const late = new LateConnection(services, record, DOMID, introducer);
  await late.begin();
  let hasEnded = false;
  const ending = late.end().then(() => (hasEnded = true));
  await back('2');
  await until('others find it', () => log.length === 3);
  t.false(hasEnded);
  await back('4');
  await ending;
});

test('a connection that does not come is waited for no longer than some seconds', async (t) => {
  const { services, record } = await setUp(t);
  const late = new LateConnection(services, record, DOMID, introducer);
  await late.begin();
  const started = performance.now();
  await late.end();
  t.true(performance.now() - started < SETTLE_MS + 5000);
  await late.connected;
  t.truthy(record.introduction);
});

test('who waits for it hears of what cannot be', async (t) => {
  const { services, record, client } = await setUp(t);
  client.introduce = () => Promise.reject(new Error('no ring'));
  const late = new LateConnection(services, record, DOMID, introducer);
  await t.throwsAsync(late.begin(), { message: 'no ring' });
  await t.throwsAsync(late.connected, { message: 'no ring' });
});

test('a record without an introduction is of one that is connected', async (t) => {
  const { services, record, log, gone } = await setUp(t);
  delete record.introduction;
  const late = new LateConnection(services, record, DOMID, introducer);
  await late.connected;
  await (
    await connectAgain(services, record, DOMID, gone.signal, introducer)
  )();
  t.deepEqual(log, []);
});

test('the next thawd does what is left, wherever the last one was', async (t) => {
  // Three stages: no nodes; only the nodes, which netback has read and no longer watches; everything but the plug.
  for (const reached of ['start', 'nodes', 'introduced'] as const) {
    const { services, record, client, fake, log, back } = await setUp(t);
    // The record as the next thawd reads it.
    const reread = JSON.parse(JSON.stringify(record)) as SandboxRecord;
    if (reached !== 'start') {
      const late = new LateConnection(services, record, DOMID, introducer);
      await late.begin();
      await back('2');
      if (reached === 'introduced') await until('others find it', () => log.length === 3);
      log.length = 0;
    }
    client.isIntroduced = () => Promise.resolve(reached === 'introduced');
    const next = new AbortController();
    const connect = await connectAgain(services, reread, DOMID, next.signal, introducer);
    t.deepEqual(log, reached === 'introduced' ? [] : ['introduce 7 99 1'], reached);
    t.is(fake.text(`${BACK}/state`), reached === 'start' ? '1' : '2');
    if (reached === 'start') {
      t.is(fake.text('/local/domain/7/memory/target'), String(reread.memoryKib));
      await back('2');
    }
    const connecting = connect();
    await until(
      'it is said to be plugged',
      () => fake.text(`${BACK}/hotplug-status`) === 'connected',
    );
    await back('4');
    await connecting;
    t.is(reread.introduction, undefined);
  }
});

test('the next thawd leaves alone what is going', async (t) => {
  const { services, record, log, gone } = await setUp(t);
  gone.abort();
  await (
    await connectAgain(services, record, DOMID, gone.signal, introducer)
  )();
  t.deepEqual(log, []);
});
