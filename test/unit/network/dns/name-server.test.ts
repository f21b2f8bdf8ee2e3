// SPDX-License-Identifier: Apache-2.0
// The name server gets the containers of each network, starts with the first, and is notified of changes. A fake server records its signals.

import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { silentLog } from '../../../../toolstack/base/log.js';
import { NameServer, zoneText, type Zone } from '../../../../toolstack/network/dns/name-server.js';
import { until } from '../../../support/within.js';

const member: Zone['members'][number] = {
  id: 'a',
  names: ['web', 'www'],
  addresses: [{ family: 4, address: '10.94.0.2', prefix: 16, gateway: '10.94.0.1' }],
};
const zone = (...members: Zone['members']): Zone => ({
  network: 'thaw',
  gateways: ['10.94.0.1', 'fd00::1'],
  members,
});

test('a file says where to listen and who is there', (t) => {
  const text = zoneText(zone(member));
  t.is(text, '10.94.0.1,fd00::1\na 10.94.0.2  web,www\n');
});

/** A server that daemonizes as aardvark-dns does, and records its signals. */
async function standIn(t: ExecutionContext, script: string) {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-dns-'));
  const program = join(folder, 'server');
  await writeFile(program, `#!/bin/bash\n${script}`);
  await chmod(program, 0o755);
  const names = new NameServer(join(folder, 'dns'), silentLog(), program);
  t.teardown(async () => {
    const pid = Number(await readFile(join(folder, 'dns/aardvark.pid'), 'utf8').catch(() => '0'));
    if (pid > 0) process.kill(pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });
  return { folder, names };
}

test('it starts with the first, hears of changes, and files of empty networks go', async (t) => {
  const script =
    'config=$2\n( exec -a "aardvark $config" bash -c \'trap "echo HUP >>$0.heard" HUP; : >$0.ready; while :; do sleep 0.05; done\' "$config" ) >/dev/null 2>&1 &\necho $! > $config/aardvark.pid\nuntil [ -e $config.ready ]; do sleep 0.02; done\n';
  const { folder, names } = await standIn(t, script);
  const files = () => readdir(join(folder, 'dns')).catch(() => []);
  names.change(() => [zone()]);
  await names.close();
  t.deepEqual(await files(), []);
  names.change(() => [zone(member)]);
  await names.close();
  t.deepEqual((await files()).sort(), ['aardvark.pid', 'thaw']);
  names.change(() => [zone()]);
  await names.close();
  t.deepEqual(await files(), ['aardvark.pid']);
  names.change(() => [zone(member), { ...zone(member), network: 'shop' }]);
  await names.close();
  t.deepEqual((await files()).sort(), ['aardvark.pid', 'shop', 'thaw']);
  names.change(() => [zone(member)]);
  await names.close();
  t.deepEqual((await files()).sort(), ['aardvark.pid', 'thaw'], 'a removed network has none');
  const heard = () => readFile(join(folder, 'dns.heard'), 'utf8').catch(() => '');
  await until('it hears of it', async () => (await heard()).startsWith('HUP\n'));
});

test('one that does not start is no reason to fail', async (t) => {
  const { names } = await standIn(t, 'echo broken >&2; exit 1\n');
  names.change(() => [zone(member)]);
  await t.notThrowsAsync(names.close());
});
