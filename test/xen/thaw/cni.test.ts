// SPDX-License-Identifier: Apache-2.0
// Networks made by Debian's CNI plugins: the guest has what they put into its namespace, and all of it goes with the container.

import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';
import { fetched, reached } from '../../support/network/fetched.js';
import {
  busybox,
  command,
  killThawd,
  list,
  pidsOf,
  run,
  runWords,
  startThaw,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';

const BRIDGE = 'cni-t0';
/** The folder in which host-local stores the addresses that it allocated. */
const LEASES = '/var/lib/cni/networks/cni-bridged';
const OWN_PLUGINS = '/opt/cni/bin';
const folder = mkdtempSync('/srv/thaw-cni-');

const range = (subnet: string) => [{ subnet }];
const bridged = {
  cniVersion: '1.0.0',
  name: 'cni-bridged',
  plugins: [
    {
      type: 'bridge',
      bridge: BRIDGE,
      isGateway: true,
      ipMasq: true,
      mtu: 1400,
      capabilities: { ips: true, mac: true },
      ipam: {
        type: 'host-local',
        ranges: [range('10.231.0.0/24'), range('fd31::/64')],
        routes: [{ dst: '0.0.0.0/0' }, { dst: '::/0' }],
      },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

async function ok(t: ExecutionContext, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await thaw(words);
  t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** Creates a network of that name; resolves with the outcome. */
function create(name: string, config: object) {
  const file = join(folder, `${name}.conflist`);
  writeFileSync(file, JSON.stringify(config));
  return thaw(['network', 'create', '--cni', file, name]);
}

const inspect = async (name: string, field: string) =>
  (await thaw(['inspect', '--format', `{{.NetworkSettings.${field}}}`, name])).stdout.trim();

const files = (path: string) => (existsSync(path) ? readdirSync(path) : []);
const leases = () => files(LEASES).filter((name) => /^[\da-f.:]+$/.test(name));

/** Checks that no attachment is left. */
async function isEmpty(t: ExecutionContext): Promise<void> {
  const left = async () => ({
    places: files('/var/lib/thaw/cni'),
    namespaces: files('/run/thaw/netns'),
    leases: leases(),
    ports: files(`/sys/class/net/${BRIDGE}/brif`),
    rules: (await command('iptables-save', ['-t', 'nat'])).match(/^-A CNI-DN-.*/gm) ?? [],
  });
  const none = { places: [], namespaces: [], leases: [], ports: [], rules: [] };
  const isNone = async () => JSON.stringify(await left()) === JSON.stringify(none);
  await until('all places are taken back', isNone).catch(() => undefined);
  t.deepEqual(await left(), none);
}

test.before(async (t) => {
  const { status, stdout, stderr } = await create('bridged', bridged);
  t.is(status, 0, stderr);
  t.is(stdout, 'bridged\n');
});

test.after.always(async () => {
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
  await thaw(['pod', 'rm', '--force', '--all']);
  await thaw(['network', 'prune']);
  await command('ip', ['link', 'del', BRIDGE]).catch(() => '');
  rmSync(folder, { recursive: true, force: true });
  rmSync(OWN_PLUGINS, { recursive: true, force: true });
  rmSync('/var/lib/cni/networks', { recursive: true, force: true });
});

const SERVER = 'mkdir /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w';

/** The answer of a web server to a request from another container. */
async function asked(url: string): Promise<string> {
  const wget = ['wget', '-q', '-T', '20', '-O', '-', url];
  return (await run(['--network', 'bridged', busybox, ...wget])).stdout.trim();
}

/** Starts the container "web", the first of its network, with a web server. */
async function startWeb(t: ExecutionContext): Promise<void> {
  const words = ['--network', 'bridged', '--name', 'web', '--hostname', 'web', '-p', '8095:80'];
  await ok(t, ...runWords('-d', ...words, busybox, 'sh', '-c', SERVER));
  t.is(await reached('http://127.0.0.1:8095/'), 'web');
}

async function removeWeb(t: ExecutionContext): Promise<void> {
  await ok(t, 'rm', '--force', '-t', '0', 'web');
  await isEmpty(t);
}

longOnPv('its guest has what bridge, host-local and portmap say', async (t) => {
  await startWeb(t);
  const shown = await ok(t, 'exec', 'web', 'sh', '-c', 'ip addr show eth0; ip route; ip -6 route');
  t.regex(shown, /mtu 1400/);
  t.regex(shown, /inet 10\.231\.0\.2\/24/);
  t.regex(shown, /inet6 fd31::2\/64/);
  t.regex(shown, /default via 10\.231\.0\.1/);
  t.regex(shown, /default via fd31::1/);
  t.is(await inspect('web', 'IPAddress'), '10.231.0.2');
  t.is(await inspect('web', 'GlobalIPv6Address'), 'fd31::2');
  const mac = await inspect('web', 'MacAddress');
  t.true(shown.includes(mac), mac);
  t.regex(await ok(t, 'port', 'web'), /^80\/tcp -> 0\.0\.0\.0:8095$/m);
  t.is(await asked('http://10.231.0.2/'), 'web');
  t.is(await asked('http://[fd31::2]/'), 'web');
  t.is(await until('its name is known', () => asked('http://web/')), 'web');
  await removeWeb(t);
});

longOnce(
  'a container keeps its place when thawd is killed, and gives it back in the end',
  async (t) => {
    await startWeb(t);
    const before = await inspect('web', 'IPAddress');
    await killThawd();
    await startThawd();
    t.is(await asked(`http://${before}/`), 'web');
    await ok(t, 'restart', '-t', '0', 'web');
    const address = await inspect('web', 'IPAddress');
    t.regex(address, /^10\.231\.0\.\d+$/);
    t.is(await asked(`http://${address}/`), 'web');
    const busy = await thaw(['network', 'rm', 'bridged']);
    t.regex(busy.stderr, /container "web" is in it/);
    await removeWeb(t);
  },
);

longOnce('address and MAC may be chosen, where a plugin is able to', async (t) => {
  const mac = '02:16:3e:00:00:31';
  const chosen = ['--network', 'bridged', '--ip', '10.231.0.77', '--mac-address', mac];
  await ok(t, ...runWords('-d', ...chosen, '--name', 'chosen', busybox, 'sleep', '1000'));
  const shown = await ok(t, 'exec', 'chosen', 'ip', 'addr', 'show', 'eth0');
  t.regex(shown, /inet 10\.231\.0\.77\/24/);
  t.true(shown.includes(mac));
  const taken = await thaw(runWords('--rm', ...chosen.slice(0, 4), busybox, 'true'));
  t.is(taken.status, 125);
  t.regex(taken.stderr, /^thaw: CNI plugin "bridge" refused ADD: .*10\.231\.0\.77.*\n$/);
  await ok(t, 'rm', '--force', '-t', '0', 'chosen');
  await isEmpty(t);
});

longOnce('copies of a container, and a pod, have places of their own', async (t) => {
  const words = ['--network', 'bridged', '--name', 'first', busybox, 'sleep', '1000'];
  await ok(t, ...runWords('-d', ...words));
  await ok(t, 'clone', '--name', 'second', 'first');
  const [one, two] = [await inspect('first', 'IPAddress'), await inspect('second', 'IPAddress')];
  t.not(one, two);
  const shown = await ok(t, 'exec', 'second', 'ip', '-4', '-o', 'addr', 'show', 'eth0');
  t.true(shown.includes(two), shown);
  t.false(shown.includes(`${one}/`), shown);
  const ping = ['--cap-add', 'NET_RAW', '--network', 'bridged', busybox, 'ping', '-c', '1', two];
  await until('a third reaches it', async () => (await run(ping)).status === 0);
  await ok(t, 'rm', '--force', '-t', '0', 'first', 'second');
  await ok(t, 'pod', 'create', '--network', 'bridged', '--name', 'p');
  const inPod = ['--pod', 'p', busybox, 'ip', '-4', 'addr', 'show', 'eth0'];
  t.regex((await thaw(['run', '--rm', ...inPod])).stdout, /inet 10\.231\.0\.\d+\/24/);
  await ok(t, 'pod', 'rm', '--force', 'p');
  await isEmpty(t);
});

longOnce('an interface of the host’s network by macvlan is the guest’s', async (t) => {
  const link = (...words: string[]) => command('ip', ['link', ...words]);
  await link('add', 'cni-t1', 'type', 'veth', 'peer', 'name', 'cni-t2');
  t.teardown(() => link('del', 'cni-t1'));
  for (const name of ['cni-t1', 'cni-t2']) await link('set', name, 'up');
  await command('ip', ['addr', 'add', '10.232.0.1/24', 'dev', 'cni-t2']);
  const ipam = { type: 'static', addresses: [{ address: '10.232.0.9/24' }] };
  const config = { cniVersion: '0.4.0', name: 'lan', type: 'macvlan', master: 'cni-t1', ipam };
  t.is((await create('lan', config)).status, 0);
  const server = [busybox, 'sh', '-c', SERVER];
  const named = ['--network', 'lan', '--name', 'near', '--hostname', 'near'];
  await ok(t, ...runWords('-d', ...named, ...server));
  t.is(await reached('http://10.232.0.9/'), 'near');
  await ok(t, 'rm', '--force', '-t', '0', 'near');
  await isEmpty(t);
});

longOnce('an address that is leased stays, since its lease is had again and again', async (t) => {
  const link = (...words: string[]) => command('ip', ['link', ...words]);
  await link('add', 'cni-t3', 'type', 'veth', 'peer', 'name', 'cni-t4');
  t.teardown(() => link('del', 'cni-t3'));
  for (const name of ['cni-t3', 'cni-t4']) await link('set', name, 'up');
  await command('ip', ['addr', 'add', '10.233.0.1/24', 'dev', 'cni-t4']);
  const [program, settings] = [join(folder, 'busybox'), join(folder, 'udhcpd.conf')];
  await ok(t, 'create', '--name', 'tools', busybox, 'true');
  await ok(t, 'cp', 'tools:/bin/busybox', program);
  await ok(t, 'rm', 'tools');
  const lines = [
    ...['interface cni-t4', 'start 10.233.0.20', 'end 10.233.0.30', 'option lease 30'],
    ...['option subnet 255.255.255.0', 'option router 10.233.0.1', 'min_lease 10'],
    ...[`lease_file ${folder}/leases`, `pidfile ${folder}/udhcpd.pid`, ''],
  ];
  writeFileSync(settings, lines.join('\n'));
  writeFileSync(join(folder, 'leases'), '');
  // A killed daemon leaves its socket behind.
  rmSync('/run/cni/dhcp.sock', { force: true });
  const server = spawn(program, ['udhcpd', '-f', settings], { stdio: 'ignore' });
  const client = spawn('/usr/lib/cni/dhcp', ['daemon'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  client.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  t.teardown(() => [server, client].forEach((child) => child.kill('SIGKILL')));
  await until('the daemon listens', () => existsSync('/run/cni/dhcp.sock'));
  const ipam = { type: 'dhcp' };
  const config = { cniVersion: '0.4.0', name: 'leased', type: 'macvlan', master: 'cni-t3', ipam };
  t.is((await create('leased', config)).status, 0);
  const named = ['--network', 'leased', '--name', 'leases', '--hostname', 'leases'];
  await ok(t, ...runWords('-d', ...named, busybox, 'sh', '-c', SERVER));
  const address = await inspect('leases', 'IPAddress');
  t.regex(address, /^10\.233\.0\.[23]\d$/);
  t.is(await reached(`http://${address}/`), 'leases');
  // An interface with an expired lease goes down only minutes later.
  await until('two renewals', () => (said.match(/lease renewed/g) ?? []).length >= 2);
  t.is(await fetched(`http://${address}/`), 'leases');
  await ok(t, 'rm', '--force', '-t', '0', 'leases');
  await isEmpty(t);
});

once('what cannot be is refused, and leaves nothing', async (t) => {
  const portless = { ...bridged, name: 'portless', plugins: bridged.plugins.slice(0, 1) };
  await create('portless', portless);
  await create('unknown', { cniVersion: '1.0.0', name: 'u', plugins: [{ type: 'no-such' }] });
  const unable = { ...bridged, name: 'later', plugins: [...bridged.plugins, { type: 'no-such' }] };
  await create('unable', unable);
  const said = async (...words: string[]) => {
    const { status, stderr } = await run([...words, busybox, 'true']);
    t.is(status, 125);
    return stderr;
  };
  t.is(
    await said('--network', 'portless', '-p', '80'),
    'thaw: Cannot use --publish in network "portless": none of its CNI plugins has the capability "portMappings"\n',
  );
  t.regex(await said('--network', 'unknown'), /^thaw: Cannot find CNI plugin "no-such" in .*\n$/);
  t.regex(await said('--network', 'unable'), /^thaw: Cannot find CNI plugin "no-such" in .*\n$/);
  await isEmpty(t);
  const wrong = await create('wrong', {
    cniVersion: '1.0.0',
    name: 'w',
    plugins: [{ type: '../x' }],
  });
  t.is(wrong.status, 125);
  t.regex(wrong.stderr, /^thaw: Cannot use --cni \S+: plugin 1 has no "type".*\n$/);
});

longOnce(
  'a thawd that is killed in the middle of a plugin’s work leaves it to the next',
  async (t) => {
    mkdirSync(OWN_PLUGINS, { recursive: true });
    const slow = join(OWN_PLUGINS, 'slow');
    writeFileSync(
      slow,
      '#!/bin/sh\n[ "$CNI_COMMAND" = DEL ] && exit 0\ntouch /run/slow\nsleep 100\n',
    );
    chmodSync(slow, 0o755);
    t.teardown(() => rmSync('/run/slow', { force: true }));
    const config = {
      ...bridged,
      name: 'cni-bridged',
      plugins: [bridged.plugins[0], { type: 'slow' }],
    };
    t.is((await create('slow', config)).status, 0);
    const { done } = startThaw(runWords('--rm', '--network', 'slow', busybox, 'true'));
    await until('its address is taken', () => Promise.resolve(existsSync('/run/slow')), 60_000);
    t.is(leases().length, 2);
    const busy = await thaw(['network', 'rm', 'slow']);
    t.regex(busy.stderr, /a container is entering it/);
    await killThawd();
    t.not((await done).status, 0);
    await startThawd();
    await isEmpty(t);
    await until('its plugin has ended', () => pidsOf(/\/slow( |$)/).length === 0);
  },
);
