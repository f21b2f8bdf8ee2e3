// SPDX-License-Identifier: Apache-2.0
// The shim's start, the failures it survives, its report of a lost sandbox, and its end.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { ApiType, decodeShimStatus, encodeExpect } from '../../toolstack/api/wire.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const { ATTACH, ATTACHED, ERROR, EXIT, EXPECT, LOST, QUIT, STATUS, STREAM } = ApiType;

test('its socket is its owner’s alone; a status connection hears when it comes up', async (t) => {
  const sandbox = await Sandbox.start(t, { silent: true });
  t.is(statSync(sandbox.socket).mode & 0o777, 0o600);
  sandbox.control.send(STATUS, 0, 0);
  const first = await sandbox.control.nextOf(STATUS);
  t.is(decodeShimStatus(first.payload).state, 'waiting');
  sandbox.agent.hello();
  const second = await sandbox.control.nextOf(STATUS);
  t.is(decodeShimStatus(second.payload).state, 'up');
});

test('an agent that closes the channel: LOST to all, a status file, a socket that still answers', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  sandbox.agent.begin(1);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ATTACH, 1, 1);
  await client.nextOf(ATTACHED);
  sandbox.agent.peer.send(STREAM, 1, 1, Buffer.from('last output'));
  sandbox.agent.peer.socket.end();
  t.is((await client.nextOf(STREAM)).payload.toString(), 'last output');
  t.is((await client.nextOf(LOST)).payload.toString(), 'agent closed the channel');
  t.is(await sandbox.statusFile(1), 'lost agent closed the channel');
  const late = await FrameSocket.connect(sandbox.socket);
  late.send(ATTACH, 1, 1);
  t.is((await late.next())?.type, ATTACHED);
  t.is((await late.next())?.type, LOST);
  t.is((await sandbox.status()).reason, 'agent closed the channel');
  sandbox.control.send(EXPECT, 2, 0, encodeExpect('', join(sandbox.dir, 's')));
  t.is((await sandbox.control.nextOf(ERROR)).arg, 2);
});

test('an agent that says no hello within the time given is lost', async (t) => {
  const start = async (): Promise<Sandbox> => {
    const started = await Sandbox.start(t, { silent: true, args: ['--hello-timeout', '4'] });
    started.control.send(STATUS, 0, 0);
    return started;
  };
  const isLost = async ({ control }: Sandbox): Promise<boolean> =>
    decodeShimStatus((await control.nextOf(STATUS)).payload).state === 'lost';
  let sandbox = await start();
  // On a busy machine its time may be over before the test can listen.
  for (let tries = 1; tries < 3 && (await isLost(sandbox)); tries++) sandbox = await start();
  t.is((await sandbox.control.nextOf(LOST)).payload.toString(), 'no hello', 'who listens hears it');
  await until('the shim gives up', async () => (await sandbox.status()).state === 'lost');
  t.is((await sandbox.status()).reason, 'no hello');
});

test('QUIT closes the channel and removes the socket; a client gets what it has not read yet', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ATTACH, 1, 0);
  await client.nextOf(ATTACHED);
  client.socket.pause();
  await process.write(1, Buffer.alloc(262144, 'x'));
  await process.write(2, Buffer.alloc(262144, 'y'));
  process.exit(5);
  t.is(await sandbox.statusFile(1), 'exited 5');
  sandbox.control.send(QUIT, 0, 0);
  await sandbox.control.closed;
  await sandbox.agent.peer.closed;
  await until('the socket is gone', () => !existsSync(sandbox.socket));
  t.is(sandbox.shim.exitCode, null);
  client.socket.resume();
  let bytes = 0;
  for (;;) {
    const frame = await client.next();
    if (frame?.type === STREAM) bytes += frame.payload.length;
    if (frame?.type !== EXIT) continue;
    t.is(frame.payload.readUInt32LE(4), 5);
    break;
  }
  t.is(bytes, 2 * 262144);
  t.is(await sandbox.shimExit, 0);
});

test('SIGHUP is nothing to it, SIGTERM is QUIT, a second SIGTERM does not wait for clients', async (t) => {
  const sandbox = await Sandbox.start(t);
  await sandbox.expect(1);
  const process = sandbox.agent.begin(1);
  const client = await FrameSocket.connect(sandbox.socket);
  client.send(ATTACH, 1, 0);
  await client.nextOf(ATTACHED);
  client.socket.pause();
  await process.write(1, Buffer.alloc(262144, 'x'));
  await process.write(2, Buffer.alloc(262144, 'x'));
  sandbox.shim.kill('SIGHUP');
  t.is((await sandbox.status()).state, 'up');
  sandbox.shim.kill('SIGTERM');
  await until('the socket is gone', () => !existsSync(sandbox.socket));
  t.is(await sandbox.statusFile(1), 'lost thawd ended it');
  sandbox.shim.kill('SIGTERM');
  t.is(await sandbox.shimExit, 0);
});

test('a second shim in the same folder is refused; the socket of a dead one is replaced', async (t) => {
  const sandbox = await Sandbox.start(t);
  const args = ['--socket', join(sandbox.dir, 'agent.sock'), '--dir', sandbox.dir];
  const second = spawnSync(programs().shim, args, { encoding: 'utf8' });
  t.is(second.status, 1);
  t.regex(second.stderr, /another thaw-shim has it/);
  t.is((await sandbox.status()).state, 'up');
  sandbox.shim.kill('SIGKILL');
  await sandbox.shimExit;
  const third = spawn(programs().shim, args, { stdio: 'ignore' });
  t.teardown(() => third.kill('SIGKILL'));
  await until('the new shim answers', async () =>
    sandbox.status().then(
      () => true,
      () => false,
    ),
  );
  t.pass();
});

test('wrong options: usage and status 2', (t) => {
  const cases = [
    [],
    ['--dir', '/tmp'],
    ['--socket', '/x', '--dir', 'relative'],
    ['--vchan', '/x', '--dir', '/tmp'],
    ['--domid', '5x', '--vchan', '/x', '--dir', '/tmp'],
    ['--socket', '/x', '--dir', '/tmp', '--log-max', '1'],
    ['--socket', '/x', '--dir', '/tmp', '--log-level', 'loud'],
    ['--socket', '/x', '--dir', '/tmp', '--hello-timeout', '-1'],
    ['--socket', '/x', '--dir', '/tmp', 'more'],
  ];
  for (const args of cases) {
    const { status, stderr } = spawnSync(programs().shim, args, { encoding: 'utf8' });
    t.is(status, 2, args.join(' '));
    t.regex(stderr, /usage: thaw-shim/);
  }
});

test('it dies before services when dom0 is short of memory', async (t) => {
  const { shim } = await Sandbox.start(t);
  t.is(readFileSync(`/proc/${shim.pid}/oom_score_adj`, 'utf8'), '500\n');
});

test('inherited descriptors are closed', async (t) => {
  const sandbox = await Sandbox.start(t, {
    release: true,
    prefix: ['sh', '-c', 'exec 9</dev/null; exec "$0" "$@"'],
  });
  t.false(existsSync(`/proc/${sandbox.shim.pid}/fd/9`));
  writeFileSync(join(sandbox.dir, 'done'), '');
});
