// SPDX-License-Identifier: Apache-2.0
// Containers reach each other by address and name, the host reaches their ports, and networks are isolated. Uses this host's bridges only.

import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ADVERTISE, LISTEN } from '../../support/network/advertise.js';
import { fetched, reached } from '../../support/network/fetched.js';
import {
  busybox,
  command,
  debian,
  killThawd,
  list,
  run,
  runWords,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { longOnce, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';

/** A web server that answers with its name. */
const SERVER = 'mkdir /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w';

const inspect = async (name: string, field: string) =>
  (await thaw(['inspect', '--format', `{{.NetworkSettings.${field}}}`, name])).stdout.trim();

/** Returns the answer of its web server. */
const idOf = async (name: string) =>
  ((await list()).find((container) => container.name === name)?.id ?? '').slice(0, 12);

/** True if it answers the command in a container, which may retry on a busy host. */
const pinged = (address: string) =>
  until(
    `${address} answers`,
    async () =>
      (await run(['--cap-add', 'NET_RAW', busybox, 'ping', '-c', '1', '-W', '5', address]))
        .status === 0,
  );

/** An IPv4 address of this host other than loopback, and an IPv6 address. */
async function ownAddresses() {
  const text = await command('ip', ['-o', 'addr', 'show', 'dev', 'eth0']);
  return {
    four: /inet (\S+)\//.exec(text)?.[1] ?? '',
    six: /inet6 (\S+)\/\d+ scope (?:site|global)/.exec(text)?.[1] ?? '',
  };
}

async function serve(t: ExecutionContext, ...words: string[]) {
  const ping = ['--cap-add', 'NET_RAW'];
  const { status, stderr } = await thaw(
    runWords('-d', ...ping, ...words, busybox, 'sh', '-c', SERVER),
  );
  t.is(status, 0, stderr);
}

test.after.always(async () => {
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
  await thaw(['network', 'prune']);
});

test.serial('a container has an address that the host and other containers reach', async (t) => {
  await serve(t, '--name', 'web', '-p', '8080:80', '-p', '127.0.0.1::80');
  const address = await inspect('web', 'IPAddress');
  t.regex(address, /^10\.94\.\d+\.\d+$/);
  const id = await idOf('web');
  t.is(await reached(`http://${address}/`), id);
  const { stdout } = await run([busybox, 'wget', '-q', '-O', '-', `http://${address}/`]);
  t.is(stdout.trim(), id);
  t.true(await pinged(address));
});

longOnPv('published ports lead to it, from outside and from the host itself', async (t) => {
  const id = await idOf('web');
  const { four } = await ownAddresses();
  t.is(await reached(`http://${four}:8080/`), id);
  t.is(await reached('http://127.0.0.1:8080/'), id);
  const { stdout } = await thaw(['port', 'web', '80']);
  const local = stdout.split('\n').find((line) => line.startsWith('127.0.0.1:'));
  t.is(await reached(`http://${local}/`), id);
  const gateway = await inspect('web', 'Gateway');
  const through = await run([busybox, 'wget', '-q', '-O', '-', `http://${gateway}:8080/`]);
  t.is(through.stdout.trim(), id, 'by another container, through the host');
  const taken = await thaw(runWords('--rm', '-p', '8080:80', busybox, 'true'));
  t.is(taken.status, 125);
  t.is(taken.stderr, 'thaw: Cannot publish 8080/tcp: it is in use\n');
});

longOnPv('a container is found by its name, and by none when it is gone', async (t) => {
  await serve(t, '--name', 'named', '--network-alias', 'alias');
  await until('its name is known', async () => {
    const { stdout } = await run([busybox, 'wget', '-q', '-T', '5', '-O', '-', 'http://alias/']);
    return stdout !== '';
  });
  t.true(await pinged('named'));
  await thaw(['rm', '--force', 'named']);
  await until(
    'its name is forgotten',
    async () => (await run([busybox, 'nslookup', 'named'])).status !== 0,
  );
});

longOnce('the next thawd knows who has which address and port', async (t) => {
  const id = await idOf('web');
  const address = await inspect('web', 'IPAddress');
  await killThawd();
  t.is(await reached('http://127.0.0.1:8080/'), id, 'packets need no thawd');
  await startThawd();
  t.is(await reached('http://127.0.0.1:8080/'), id);
  const taken = await thaw(runWords('--rm', '--ip', address, busybox, 'true'));
  t.regex(taken.stderr, new RegExp(`--ip ${address}: it is in use`));
  await thaw(['rm', '--force', 'web']);
  await t.throwsAsync(fetched('http://127.0.0.1:8080/'));
  const free = createServer().listen(8080);
  await new Promise((resolve) => free.once('listening', resolve));
  t.is((free.address() as AddressInfo).port, 8080);
  free.close();
});

once('none has no interface that is up, and the host no way to it', async (t) => {
  const { stdout } = await run(['--network', 'none', busybox, 'ip', 'addr']);
  t.regex(stdout, /eth0: <BROADCAST,MULTICAST>/);
  t.notRegex(stdout, /inet 10\./);
});

longOnPv('a network of its own has IPv6 too, and its ports', async (t) => {
  t.is((await thaw(['network', 'create', '--ipv6', '--subnet', '10.77.0.0/24', 'six'])).status, 0);
  await serve(t, '--network', 'six', '--ip', '10.77.0.9', '--name', 'db', '-p', '9090:80');
  t.is(await inspect('db', 'IPAddress'), '10.77.0.9');
  const address = await inspect('db', 'GlobalIPv6Address');
  const id = await reached('http://10.77.0.9/');
  t.is(await reached(`http://[${address}]/`), id);
  const { six } = await ownAddresses();
  t.is(await reached(`http://[${six}]:9090/`), id);
  t.is((await thaw(['network', 'rm', 'six'])).status, 125);
  t.is((await run(['--network', 'six', busybox, 'true'])).status, 0);
  await thaw(['rm', '--force', 'db']);
  t.is((await thaw(['network', 'rm', 'six'])).status, 0);
  t.false(existsSync('/sys/class/net/thaw1'));
});

once('an internal network reaches nothing outside', async (t) => {
  const { four } = await ownAddresses();
  await thaw(['network', 'create', '--internal', 'inner']);
  await serve(t, '--network', 'inner', '--name', 'hidden');
  const address = await inspect('hidden', 'IPAddress');
  t.not(await reached(`http://${address}/`), '');
  t.not((await thaw(['exec', 'hidden', 'ping', '-c', '1', '-W', '2', four])).status, 0);
  await thaw(['rm', '--force', 'hidden']);
});

once('a guest reaches of dom0 only opened ports, and nothing of another network', async (t) => {
  const server = createServer((socket) => socket.end('dom0\n')).listen(7000, '::');
  await new Promise((resolve) => server.once('listening', resolve));
  t.teardown(() => server.close());
  t.is((await thaw(['network', 'create', '--host-port', '7000', 'opens'])).status, 0);
  await serve(t, '--network', 'opens', '--name', 'other');
  const [gateway, address] = [
    await inspect('other', 'Gateway'),
    await inspect('other', 'IPAddress'),
  ];
  t.is(await reached(`http://${address}/`), await idOf('other'), 'dom0 reaches it');
  const asked = async (...words: string[]) =>
    (await run([...words.slice(0, -2), busybox, 'nc', '-w', '3', ...words.slice(-2)])).stdout;
  t.is(await asked('--network', 'opens', gateway, '7000'), 'dom0\n');
  const { four } = await ownAddresses();
  t.is(await asked(four, '7000'), '', 'a port that its network does not open');
  t.is(await asked(gateway, '7000'), '', 'nor by the address in another network');
  t.not((await run([busybox, 'wget', '-q', '-T', '3', '-O', '-', `http://${address}/`])).status, 0);
  await thaw(['rm', '--force', 'other']);
  t.is((await thaw(['network', 'rm', 'opens'])).status, 0);
});

once('a guest that calls itself a router is heard by neither dom0 nor another guest', async (t) => {
  t.is((await thaw(['network', 'create', '--ipv6', 'routed'])).status, 0);
  const raw = ['--network', 'routed', '--cap-add', 'NET_RAW'];
  const victim = runWords('-d', '--name', 'victim', ...raw, debian, 'perl', '-e', LISTEN);
  t.is((await thaw(victim)).status, 0);
  const heard = async () => (await thaw(['logs', 'victim'])).stdout;
  await until('the other guest listens', async () => /ready/.test(await heard()));
  const field = '{{.NetworkInterface}}';
  const { stdout } = await thaw(['network', 'inspect', '--format', field, 'routed']);
  const bridge = stdout.trim();
  const route = async () =>
    (await command('ip', ['-6', 'route', 'show', 'default', 'dev', bridge])).trim();
  t.is((await thaw(runWords('-d', '--name', 'router', ...raw, debian, 'sleep', '1000'))).status, 0);
  const advertise = async () => {
    const sent = await thaw(['exec', 'router', 'perl', '-e', ADVERTISE]);
    t.is(sent.stdout, 'sent', sent.stderr);
    await delay(1000);
  };
  await advertise();
  t.is(await heard(), 'ready\n');
  t.is(await route(), '');
  // Without the walls both hear the same advertisement.
  await command('nft', ['delete', 'table', 'bridge', 'thaw']);
  await command('nft', ['flush', 'chain', 'inet', 'thaw', 'input']);
  await command('sysctl', ['-qw', `net.ipv6.conf.${bridge}.accept_ra=2`]);
  await advertise();
  await until('the other guest hears it', async () => /router/.test(await heard()));
  t.regex(await route(), /^default via fe80:/);
  await thaw(['rm', '--force', 'victim', 'router']);
  t.is((await thaw(['network', 'rm', 'routed'])).status, 0);
  t.regex(await command('nft', ['list', 'table', 'bridge', 'thaw']), /nd-router-advert/);
});

/** Sends a frame for 127.0.0.1, port 5555, to the bridge, as no IP stack would. Arguments: the bridge's MAC and its own address. */
const FRAME = `
my $to = pack("H12", shift); my $from = \`cat /sys/class/net/eth0/address\`; $from =~ s/[:\\n]//g;
my $udp = pack("nnnn", 4444, 5555, 13, 0) . "hello";
my $ip = pack("CCnnnCCna4a4", 0x45, 0, 20 + length($udp), 1, 0, 64, 17, 0,
  pack("C4", split(/\\./, shift)), pack("C4", 127, 0, 0, 1));
my $sum = 0; $sum += $_ for unpack("n*", $ip); $sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
substr($ip, 10, 2) = pack("n", ~$sum & 0xffff);
socket(S, 17, 3, 0x0008) or die "socket: $!"; chomp(my $index = \`cat /sys/class/net/eth0/ifindex\`);
my $address = pack("SnISCCa8", 17, 0x0800, $index, 0, 0, 6, $to);
send(S, $to . pack("H12", $from) . pack("n", 0x0800) . $ip . $udp, 0, $address) or die "send: $!"; print "sent";
`;

longOnce(
  'what listens on the host’s loopback alone is out of reach, also for who makes frames himself',
  async (t) => {
    const socket = createSocket('udp4').bind(5555, '127.0.0.1');
    await new Promise((resolve) => socket.once('listening', resolve));
    t.teardown(() => socket.close());
    let received = 0;
    socket.on('message', () => received++);
    const { stdout } = await thaw([
      'network',
      'inspect',
      '--format',
      '{{.NetworkInterface}}',
      'thaw',
    ]);
    const mac = readFileSync(`/sys/class/net/${stdout.trim()}/address`, 'utf8').trim();
    const attack = async (address: string, comes: boolean) => {
      const before = received;
      const words = ['-i', '--cap-add', 'NET_RAW', '--ip', address, debian, 'perl', '-'];
      const sent = await run([...words, mac.replaceAll(':', ''), address], { input: FRAME });
      t.is(sent.stdout, 'sent', sent.stderr);
      if (comes) await until('it is received', () => received > before);
      else await delay(1000);
      return received;
    };
    t.is(await attack('10.94.77.1', false), 0);
    // Without the rules the frame arrives: the frame itself is valid.
    for (const chain of ['guard', 'input'])
      await command('nft', ['flush', 'chain', 'inet', 'thaw', chain]);
    t.is(await attack('10.94.77.2', true), 1);
    t.is((await run(['-p', '8282:80', busybox, 'true'])).status, 0);
    await until('the rules are loaded anew', async () =>
      /drop/.test(await command('nft', ['list', 'chain', 'inet', 'thaw', 'guard'])),
    );
    t.is(await attack('10.94.77.3', false), 1);
  },
);

longOnce('a clone of a running container has an address of its own', async (t) => {
  await serve(t, '--name', 'first');
  const first = await inspect('first', 'IPAddress');
  await reached(`http://${first}/`);
  t.is((await thaw(['clone', '--name', 'second', 'first'])).status, 0);
  const second = await inspect('second', 'IPAddress');
  t.not(second, first);
  t.is(await reached(`http://${second}/`), await reached(`http://${first}/`));
  const { stdout } = await thaw(['exec', 'second', 'ip', '-4', 'addr', 'show', 'eth0']);
  t.is(stdout.match(/inet /g)?.length, 1);
  t.true(stdout.includes(`inet ${second}/`));
  await thaw(['rm', '--force', 'first', 'second']);
});
