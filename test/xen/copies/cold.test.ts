// SPDX-License-Identifier: Apache-2.0
// Cold starts: the domain is registered in xenstore, and its vif joins its network, after the program starts. The program finds its
// network all the same, and the next thawd finishes the deferred work of a killed one.

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import test from 'ava';
import {
  busybox,
  command,
  guestType,
  killThawd,
  running,
  runWords,
  startThaw,
  startThawd,
  stopThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { longOnce, longOnPv } from '../../support/long.js';

const NO_POOL = ['--pool', '0', '--pool-max', '0'];
const ROUNDS = 4;
/** Its containers reach the server in dom0. */
const NETWORK = 'cold';

/** A web page in dom0 for containers to fetch. */
const server = createServer((_, response) => response.end('a page\n'));
let page = '';

test.serial.before(async () => {
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await thaw(['network', 'create', '--host-port', String(port), NETWORK]);
  const { stdout } = await thaw(['network', 'inspect', NETWORK]);
  const [, gateway] = /"gateway": "([0-9.]+)"/i.exec(stdout) ?? [];
  if (gateway === undefined) throw new Error(`No gateway: ${stdout}`);
  page = `http://${gateway}:${port}/`;
  await stopThawd();
  await startThawd(NO_POOL);
});

test.serial.after.always(async () => {
  server.close();
  await thaw(['unfreeze', 'cold-fetch']);
  await thaw(['network', 'rm', NETWORK]);
  await stopThawd();
  await startThawd();
});

longOnPv(
  'what its program sends first is answered, in a frozen image and in a new one',
  async (t) => {
    t.timeout(600_000);
    const fetch = ['wget', '-q', '-O', '-', '-T', '30', page];
    const words = ['freeze', '--name', 'cold-fetch', '--type', guestType, busybox, ...fetch];
    t.is((await thaw(words)).status, 0);
    for (let round = 0; round < ROUNDS; round++) {
      const started = Date.now();
      const frozen = await thaw(['run', '--rm', '--network', NETWORK, '--frozen', 'cold-fetch']);
      t.is(frozen.stdout, 'a page\n', frozen.stderr);
      t.log(`frozen: ${Date.now() - started} ms`);
      const fresh = await thaw(runWords('--rm', '--network', NETWORK, busybox, ...fetch));
      t.is(fresh.stdout, 'a page\n', fresh.stderr);
    }
  },
);

test.serial('its interface is its own, with a network and without', async (t) => {
  t.timeout(300_000);
  const macs = new Set<string>();
  for (const network of ['thaw', 'none', 'none']) {
    const show = 'cat /sys/class/net/eth0/address; cat /sys/class/net/eth0/flags';
    const words = runWords('--rm', '--network', network, busybox, 'sh', '-c', show);
    const { stdout, stderr } = await thaw(words);
    const [mac = '', flags = ''] = stdout.trim().split('\n');
    t.regex(mac, /^00:16:3e:/, stderr);
    t.is(Number(flags) & 1, network === 'none' ? 0 : 1);
    macs.add(mac);
  }
  t.is(macs.size, 3);
});

test.serial('who starts it detached finds it in its network', async (t) => {
  t.timeout(300_000);
  const serve = 'mkdir /www; echo here >/www/x; exec httpd -f -p 80 -h /www';
  const name = 'cold-server';
  t.is((await thaw(runWords('-d', '--name', name, busybox, 'sh', '-c', serve))).status, 0);
  const { domid } = await running(name);
  t.regex(await command('xl', ['list']), new RegExp(`^${name} +${domid} `, 'm'));
  const backend = `/local/domain/0/backend/vif/${domid}/0`;
  t.is((await command('xenstore-read', [`${backend}/state`])).trim(), '4');
  const format = '{{.NetworkSettings.IPAddress}}';
  const address = (await thaw(['inspect', '--format', format, name])).stdout.trim();
  const answer = await until('its page', () =>
    globalThis.fetch(`http://${address}/x`).then(
      (response) => response.text(),
      () => undefined,
    ),
  );
  t.is(answer, 'here\n');
  t.is((await thaw(['rm', '--force', name])).status, 0);
});

longOnce('a thawd that is killed as soon as a program runs leaves nothing half done', async (t) => {
  t.timeout(900_000);
  for (let round = 0; round < ROUNDS; round++) {
    const name = `cold-killed-${round}`;
    let hasBegun: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (hasBegun = resolve));
    const on = ['--name', name, '--network', NETWORK];
    const words = runWords('-i', ...on, busybox, 'sh', '-c', 'echo up; cat');
    const { child, done } = startThaw(words, { onOutput: () => hasBegun() });
    let domid: number | undefined;
    try {
      await begun;
      await killThawd();
      await startThawd(NO_POOL);
      ({ domid } = await running(name));
      t.regex(await command('xl', ['list']), new RegExp(`^${name} +${domid} `, 'm'));
      const fetched = await thaw(['exec', name, 'wget', '-q', '-O', '-', '-T', '30', page]);
      t.is(fetched.stdout, 'a page\n', fetched.stderr);
    } finally {
      // A container that stays would keep the test's own process alive.
      child.stdin?.end();
    }
    t.is((await done).status, 0);
    t.is((await thaw(['rm', '--force', name])).status, 0);
    await until(
      'its domain is gone',
      async () => !new RegExp(`^\\S+ +${domid} `, 'm').test(await command('xl', ['list'])),
    );
  }
});
