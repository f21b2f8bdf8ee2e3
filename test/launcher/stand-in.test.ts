// SPDX-License-Identifier: Apache-2.0
// The stand-in that the launcher leaves in dom0 for a container: a child of the caller, with namespaces, root, streams, signals and end.

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { makeProgram } from '../support/programs.js';
import { called, ended, FED, left, TTY, wish, type Wishes } from '../support/shim/stand-in.js';
import { until } from '../support/within.js';

const [SIGKILL, SIGTERM, SIGUSR1] = [9, 15, 10];
const READONLY = 1024;

test('it has the caller’s streams, a root and namespaces of its own, and the status', async (t) => {
  const all = await called(t);
  const pid = await left(all);
  t.is(readFileSync(`/proc/${pid}/root/here`, 'utf8'), 'yes');
  t.deepEqual(readdirSync(`/proc/${pid}/root`), ['here']);
  for (const name of ['mnt', 'net', 'uts', 'ipc'])
    t.not(readlinkSync(`/proc/${pid}/ns/${name}`), readlinkSync(`/proc/self/ns/${name}`), name);
  const inside = all.sandbox.agent.begin(1, true);
  all.child.stdin?.end('fed');
  let fed = '';
  for await (const chunk of inside.input()) fed += chunk.toString();
  t.is(fed, 'fed');
  await inside.write(1, Buffer.from('out'));
  await inside.write(2, Buffer.from('err\n'));
  inside.exit(7);
  await ended(all);
  t.is(all.fed(), 'out');
  t.is(all.said(), `first 0\nerr\nleft ${pid} ${7 << 8}\n`);
});

test('signals to it reach the process, and it dies of what that died of', async (t) => {
  const all = await called(t);
  const pid = await left(all);
  const inside = all.sandbox.agent.begin(1, true);
  await until(
    'it has heard of the process',
    () => readFileSync(`/proc/${pid}/comm`, 'utf8') !== '',
  );
  for (const signal of [SIGUSR1, SIGTERM, 34, 64]) {
    process.kill(pid, signal);
    await inside.until('the signal', () => inside.signals.includes(signal));
  }
  inside.exit(SIGTERM, 2);
  await ended(all);
  t.true(all.said().endsWith(`left ${pid} ${SIGTERM}\n`), all.said());
});

test('one that is killed takes the process along', async (t) => {
  const all = await called(t);
  const pid = await left(all);
  const inside = all.sandbox.agent.begin(1, true);
  process.kill(pid, 'SIGKILL');
  await inside.until('its end', () => inside.signals.includes(SIGKILL));
  t.pass();
});

test('a guest that is lost is a container that was killed, and nothing is written about it', async (t) => {
  const all = await called(t);
  const pid = await left(all);
  all.sandbox.agent.begin(1, true);
  all.sandbox.shim.kill('SIGKILL');
  await ended(all);
  t.is(all.said(), `first 0\nleft ${pid} ${SIGKILL}\n`);
});

test('it enters the network and the cgroup that are named', async (t) => {
  const all = await called(t);
  const holder = spawn('unshare', ['--net', 'sleep', '1000']);
  t.teardown(() => holder.kill());
  const network = `/proc/${holder.pid}/ns/net`;
  await until('the namespace', () => readlinkSync(network) !== readlinkSync('/proc/self/ns/net'));
  const cgroup = join(all.sandbox.dir, 'cgroup.procs');
  writeFileSync(cgroup, '');
  const pid = await left(all, FED, { network, cgroup });
  t.is(readlinkSync(`/proc/${pid}/ns/net`), readlinkSync(network));
  // A file in place of the kernel's: the stand-in writes its own pid there.
  t.is(readFileSync(cgroup, 'utf8'), '0');
});

test('a terminal’s other end goes to who listens, with its name, and carries both ways', async (t) => {
  const all = await called(t, FED | TTY);
  const path = join(all.sandbox.dir, 'console.sock');
  const program = join(makeProgram('test/fixtures'), 'take-terminal');
  const engine = spawn(program, [path, '30', '100']);
  t.teardown(() => engine.kill());
  let [name, shown] = ['', ''];
  engine.stderr.on('data', (chunk: Buffer) => (name += chunk.toString()));
  engine.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
  await until('it listens', () => name === 'ready\n');
  const pid = await left(all, FED | TTY, { console: path });
  await until('the name', () => /\/dev\/pts\/\d+\n$/.test(name));
  t.is(readlinkSync(`/proc/${pid}/fd/0`), name.split('\n')[1] ?? '');
  const inside = all.sandbox.agent.begin(1, true);
  await inside.until('its size', () => inside.sizes.at(-1)?.cols === 100);
  t.is(inside.sizes.at(-1)?.rows, 30);
  engine.stdin.write('typed');
  let typed = '';
  for await (const chunk of inside.input()) {
    typed += chunk.toString();
    if (typed === 'typed') break;
  }
  await inside.write(1, 'shown\r\n');
  await until('it is shown', () => shown === 'shown\r\n');
  inside.eof(1);
  inside.exitOnly(3);
  await ended(all);
  t.true(all.said().endsWith(`left ${pid} ${3 << 8}\n`), all.said());
});

const REFUSALS: [string, Wishes, RegExp][] = [
  ['a root', { root: '/nowhere' }, /^Cannot enter the root filesystem \/nowhere: No such file/],
  ['a network', { network: '/nowhere' }, /^Cannot enter the network namespace \/nowhere: No such/],
  ['a cgroup', { cgroup: '/nowhere' }, /^Cannot enter the cgroup of \/nowhere: No such file/],
  ['a console', { console: '/nowhere' }, /^Cannot give a terminal to \/nowhere: No such file/],
  ['a shim', { shim: '/nowhere' }, /^Cannot reach the sandbox's shim at \/nowhere: No such file/],
];

for (const [what, wishes, why] of REFUSALS) {
  test(`without ${what} there is none, and thawd is told why`, async (t) => {
    const all = await called(t);
    t.regex(String(await all.session.standIn(1, FED, wish(all, wishes))), why);
    all.session.done(1);
    await ended(all);
    t.is(all.said(), `first ${1 << 8}\n`);
  });
}

test('who enters a root that is only to be read cannot write there; what is below stays as it is', async (t) => {
  for (const [flags, code] of [
    [FED | READONLY, 'EROFS'],
    [FED, undefined],
  ] as const) {
    const all = await called(t);
    const pid = await left(all, flags);
    const inside = all.sandbox.agent.begin(1, true);
    const write = (): void => writeFileSync(`/proc/${pid}/root/new`, '');
    if (code) t.throws(write, { code });
    else t.notThrows(write);
    writeFileSync(join(all.root, 'engine'), '');
    t.true(readdirSync(`/proc/${pid}/root`).includes('engine'));
    inside.exit(0);
    await ended(all);
  }
});
