// SPDX-License-Identifier: Apache-2.0
// Tests the agent on real PV and PVH domains: hello, containers, growth, freeze, and a clone's start.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AgentType, DATA_MAX, LAYER, LayerPart } from '../../../toolstack/agent/wire.js';
import { encodeMount, encodeResize } from '../../../toolstack/agent/wire-guest.js';
import { encodeFields } from '../../../toolstack/base/frame.js';
import type { Refusal } from '../../support/agent/agent-client.js';
import {
  beginContainer,
  createContainer,
  deleteContainer,
  startContainer,
} from '../../support/agent/container.js';
import { loggedBySlowXenstored } from '../../support/xenstore/slow-xenstored.js';
import { eventually, GUEST, XenGuest, xl } from '../../support/xen/xen-guest.js';
import { testGuest, testLasting } from './with-guest.js';

function sendLayer(guest: XenGuest, number: number, bytes: Buffer): void {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  guest.data.send(LAYER, number, LayerPart.SIZE, size);
  for (let at = 0; at < bytes.length; at += DATA_MAX)
    guest.data.send(LAYER, number, LayerPart.BYTES, bytes.subarray(at, at + DATA_MAX));
}

async function mountBase(guest: XenGuest): Promise<void> {
  guest.attach('xvda', join(GUEST, 'base.erofs'));
  const request = { rootfs: 'base', devices: ['xvda'], timeoutMs: 60_000, upperKib: 8192 };
  await guest.request(AgentType.MOUNT, encodeMount(request));
}

testLasting('a container runs, with its streams, and is gone afterwards', async (t, guest) => {
  await guest.identify();
  await mountBase(guest);
  const bytes = randomBytes(4 * 1024 * 1024);
  const cat = await startContainer(guest, 'cat', ['cat'], { isFed: true });
  await cat.write(bytes);
  cat.end();
  t.deepEqual(await cat.ended(60_000), { kind: 'exited', code: 0 });
  t.is(cat.stdout.digest(), createHash('sha256').update(bytes).digest('hex'));
  await deleteContainer(guest, 'cat');
  const shell = await startContainer(guest, 'sh', ['sh', '-c', 'hostname; echo err >&2; exit 42']);
  t.deepEqual(await shell.ended(), { kind: 'exited', code: 42 });
  t.is(shell.stdout.text, 'container\n');
  t.is(shell.stderr.text, 'err\n');
  await deleteContainer(guest, 'sh');
  const missing = await t.throwsAsync<Refusal>(startContainer(guest, 'no', ['nonesuch']));
  t.is(missing.fault, 7);
  await guest.request(AgentType.UNMOUNT, encodeFields(['base']));
});

testGuest('it freezes, and wakes after save and restore, and once more', async (t, guest) => {
  for (let wakes = 1; wakes <= 2; wakes++) {
    await guest.freeze();
    guest.saveAndRestore();
    t.is(guest.state(), undefined);
    guest.wake();
    t.is((await guest.connectControl()).wakes, wakes);
    t.is((await guest.connectData()).wakes, wakes);
    await eventually('it runs', () => guest.state() === 'running', 30_000);
    await guest.identify(`life-${wakes}`);
  }
  await mountBase(guest);
  const process = await startContainer(guest, 'c', ['echo', 'awake']);
  await process.ended();
  t.is(process.stdout.text, 'awake\n');
});

testGuest(
  'it says that it runs when its kernel has read what xenstore says, however late',
  async (t, guest) => {
    await guest.freeze();
    guest.saveAndRestore({ isPaused: true });
    guest.wake();
    const log = await loggedBySlowXenstored(async () => {
      xl('unpause', guest.name);
      // Watch events of xenstore arrive between its answers to the agent's requests.
      await guest.connectControl();
      await guest.connectData();
      await eventually('it runs', () => guest.state() === 'running', 60_000);
    });
    const asked = log.filter((line) => line.includes(` (d${guest.domid}) `));
    const at = (request: string) => asked.findIndex((line) => line.includes(request));
    const [target, running] = [at('READ (memory/target '), at('WRITE (data/thaw/state running)')];
    t.true(target >= 0 && running > target, `${target} ${running}\n${asked.join('\n')}`);
  },
);

testGuest(
  'layers in memory and a created container go through save and restore',
  async (t, guest) => {
    sendLayer(guest, 1, readFileSync(join(GUEST, 'base.erofs')));
    const request = { rootfs: 'base', devices: ['layer-1'], timeoutMs: 60_000, upperKib: 8192 };
    await guest.request(AgentType.MOUNT, encodeMount(request));
    await createContainer(
      guest,
      'c',
      ['sh', '-c', 'hostname; echo new > /etc/new; cat /etc/new; cat'],
      {
        isFed: true,
      },
    );
    await guest.freeze();
    guest.saveAndRestore();
    guest.wake();
    await guest.connectControl();
    await guest.connectData();
    await guest.identify('life-1');
    const process = await beginContainer(guest, 'c', { isFed: true, hostname: 'begun' });
    await process.write('fed\n');
    process.end();
    t.deepEqual(await process.ended(), { kind: 'exited', code: 0 });
    t.is(process.stdout.text, 'begun\nnew\nfed\n');
    await deleteContainer(guest, 'c');
    await guest.request(AgentType.UNMOUNT, encodeFields(['base']));
  },
);

testLasting('a frozen guest that is not suspended wakes as well', async (t, guest) => {
  await guest.freeze();
  guest.wake();
  t.is((await guest.connectControl()).wakes, 1);
});

testLasting(
  'memory and vCPUs grow and shrink, and what does not come is said',
  async (t, guest) => {
    const resize = (memoryKib: number, vcpus: number, timeoutMs: number) =>
      guest.request(AgentType.RESIZE, encodeResize({ memoryKib, vcpus, timeoutMs }));
    t.is((await resize(0, 1, 60_000)).readUInt32LE(8), 1);
    xl('mem-max', guest.name, '200');
    xl('mem-set', guest.name, '200');
    const grown = await resize(180_000, 2, 60_000);
    t.true(grown.readBigUInt64LE(0) >= 180_000n);
    t.is(grown.readUInt32LE(8), 2);
    t.is((await t.throwsAsync<Refusal>(resize(900_000, 0, 300))).fault, 10);
  },
);

testLasting('a client that is killed in mid-frame is followed by another', async (t, guest) => {
  guest.control.raw(Buffer.from([100, 0, 0, 0, AgentType.PING]));
  await guest.disconnect();
  t.is((await guest.connectControl()).channel, 1);
  t.is((await guest.request(AgentType.PING, Buffer.from('x'))).toString(), 'x');
});

testGuest('xl shutdown powers it off', async (t, guest) => {
  const { name } = guest;
  xl('shutdown', name);
  await eventually('it is gone', () => !xl('list').includes(`${name} `), 60_000);
  t.pass();
  const again = await XenGuest.boot({ type: 'pv' });
  // xenconsoled writes the log with a delay.
  const says = () => /thaw-agent: running as domain \d+/.test(again.console());
  await eventually('its console says that it runs', says, 60_000);
  again.destroy();
});
