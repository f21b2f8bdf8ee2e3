// SPDX-License-Identifier: Apache-2.0
// Networks outlive thawd. Sandboxes attach to them. Removed or released networks leave nothing behind.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { AttachRequest } from '../../../toolstack/network/index.js';
import { FakeHostNetwork } from '../../support/network/fake-host-network.js';
import { openNetworks } from '../../support/network/networks.js';

async function opened(t: ExecutionContext, host = new FakeHostNetwork()) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-networks-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const open = () => openNetworks(folder, host);
  return { networks: await open(), host, open };
}

const request = (change: Partial<AttachRequest> = {}): AttachRequest => ({
  network: 'thaw',
  names: ['web'],
  ports: [],
  ...change,
});
const mac = '00:16:3e:00:00:07';
const port = { hostIp: '127.0.0.1', hostPort: 0, containerPort: 80, protocol: 'tcp' } as const;

test('the default network is made once, and found by the next thawd', async (t) => {
  const { networks, host, open } = await opened(t);
  t.is(networks.defaultBridge, 'thaw0');
  t.deepEqual(host.calls, [['add', 'thaw0'], ['load']]);
  await networks.sweep();
  t.deepEqual(host.calls.slice(2), [['load']], 'the rules for frames, once all guests are known');
  await networks.create({ name: 'shop', ipv6: true });
  const again = await open();
  t.deepEqual(
    again.list().map(({ name, bridge }) => [name, bridge]),
    [
      ['shop', 'thaw1'],
      ['thaw', 'thaw0'],
    ],
  );
  t.deepEqual(again.list(), networks.list());
});

test('a sandbox has addresses until they are released', async (t) => {
  const { networks } = await opened(t);
  const [one, two] = [await networks.attach(request()), await networks.attach(request())];
  t.deepEqual(one.addresses, [
    { family: 4, address: '10.94.0.2', prefix: 16, gateway: '10.94.0.1' },
  ]);
  t.is(two.addresses[0]?.address, '10.94.0.3');
  t.deepEqual(one.nameServers, ['192.0.2.53'], 'there is no name server of its own');
  networks.release(one);
  networks.release(one);
  const third = await networks.attach(request({ ip: '10.94.0.2' }));
  t.is(third.addresses[0]?.address, '10.94.0.2');
  await t.throwsAsync(networks.attach(request({ ip: '10.94.0.2' })), {
    code: 'ERR_NETWORK_ADDRESS',
  });
  await t.throwsAsync(networks.attach(request({ ip6: 'fd00::2' })), {
    code: 'ERR_NETWORK_ADDRESS',
    message: /no IPv6/,
  });
  await t.throwsAsync(networks.attach(request({ network: 'none such' })), {
    code: 'ERR_NETWORK_NOT_FOUND',
  });
  // An address that a refused attachment returned is not allocated again at once.
  t.is((await networks.attach(request())).addresses[0]?.address, '10.94.0.5');
});

test('a port is held, leads somewhere while its sandbox is there, and is free afterwards', async (t) => {
  const { networks, host } = await opened(t);
  const attachment = await networks.attach(request({ ports: [port] }));
  const { hostPort = 0 } = attachment.ports[0] ?? {};
  t.true(hostPort > 0);
  await networks.publish(attachment);
  t.true(host.rules.includes(`tcp dport ${hostPort} dnat ip to 10.94.0.2:80`));
  const taken = request({ ports: [{ ...port, hostPort }] });
  await t.throwsAsync(networks.attach(taken), {
    code: 'ERR_NETWORK_PORT',
    message: new RegExp(`127\\.0\\.0\\.1:${hostPort}/tcp: it is in use$`),
  });
  networks.release(attachment);
  await networks.close();
  t.false(host.rules.includes('dnat ip'));
  const again = await networks.attach(taken);
  t.is(again.addresses[0]?.address, '10.94.0.4', 'the one that was refused gave its address back');
  networks.release(again);
});

test('a port of another program is refused', async (t) => {
  const { networks } = await opened(t);
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  const { port: hostPort } = server.address() as { port: number };
  await t.throwsAsync(networks.attach(request({ ports: [port, { ...port, hostPort }] })), {
    code: 'ERR_NETWORK_PORT',
  });
});

test('attachments of an earlier thawd are kept', async (t) => {
  const { networks, open, host } = await opened(t);
  const attachment = await networks.attach(request({ ports: [port] }));
  networks.release(attachment);
  await networks.close();
  const next = await open();
  await next.adopt(attachment);
  t.true(host.rules.includes('dnat'));
  t.is((await next.attach(request())).addresses[0]?.address, '10.94.0.3');
  next.release(attachment);
});

test('a network in use, and the default one, stay; another goes with its bridge', async (t) => {
  const { networks, host } = await opened(t);
  await networks.create({ name: 'shop' });
  await t.throwsAsync(networks.create({ name: 'shop' }), { code: 'ERR_NETWORK_NAME' });
  const attachment = await networks.attach(request({ network: 'shop' }));
  await t.throwsAsync(networks.remove('shop'), { code: 'ERR_NETWORK_BUSY', message: /"web"/ });
  await t.throwsAsync(networks.remove('thaw'), { code: 'ERR_NETWORK_BUSY' });
  networks.release(attachment);
  await networks.remove('shop');
  t.deepEqual(host.calls.slice(-3), [['remove', 'thaw1'], ['load'], ['load']]);
  await t.throwsAsync(networks.remove('shop'), { code: 'ERR_NETWORK_NOT_FOUND' });
});

test('a bridge that cannot be made leaves no network; a host without bridges has no networks', async (t) => {
  const { networks, host } = await opened(t);
  host.failure = new Error('no');
  await t.throwsAsync(networks.create({ name: 'shop' }), { message: 'no' });
  t.is(networks.list().length, 1);
  const without = await opened(t, host);
  t.is(without.networks.defaultBridge, '');
  await t.throwsAsync(without.networks.attach(request()), { code: 'ERR_NETWORK_HOST' });
});

test('a vif that the kernel is just making is plugged once it is there, unless its sandbox ends', async (t) => {
  const { networks, host } = await opened(t);
  [host.absences, host.pending] = [3, 3];
  const { signal } = new AbortController();
  const attachment = await networks.attach(request());
  t.true(networks.canDefer(attachment));
  await networks.plugDeferred({ vif: 'vif7.0', mac }, attachment, signal);
  t.deepEqual(host.calls.slice(-3), [
    ['rules'],
    ['join', 'vif7.0', 'thaw0'],
    ['port', 'vif7.0', mac, false],
  ]);
  t.true(host.absences < 0 && host.pending < 0);
  host.absences = Infinity;
  const gone = new AbortController();
  const plugging = networks.plugDeferred({ vif: 'vif8.0', mac }, attachment, gone.signal);
  gone.abort(new Error('gone'));
  await t.throwsAsync(plugging, { message: 'gone' });
  t.false(host.calls.some(([, name]) => name === 'vif8.0'));
});
