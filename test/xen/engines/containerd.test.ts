// SPDX-License-Identifier: Apache-2.0
// containerd's tasks in domains of their own. ctr starts them with thaw-oci as the binary of containerd's shim for runc.

import { spawn, type ChildProcess } from 'node:child_process';
import { once as emitted } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { outcome, idsIn } from '../../support/engines/bundle.js';
import { command, images, until, type Outcome } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isOnce, once } from '../../support/once.js';

const ctr = (...words: string[]): Promise<Outcome> => outcome(['ctr', ...words]);
const image = 'docker.io/library/busybox:thaw';
const RUN = ['run', '--runc-binary', '/usr/bin/thaw-oci', '--memory-limit', String(64 << 20)];
const ROOT = '/run/containerd/runc/default';
let daemon: ChildProcess | undefined;
let folder = '';

test.before(async () => {
  if (!isOnce) return;
  folder = await mkdtemp('/root/containerd-');
  daemon = spawn('sh', ['-c', 'exec containerd >>/var/log/containerd.log 2>&1']);
  await until('containerd answers', async () => (await ctr('version')).status === 0, 300_000);
  const archive = join(folder, 'image.tar');
  const from = `oci-archive:${images}/busybox.oci.tar`;
  await command('skopeo', ['copy', '-q', from, `oci-archive:${archive}:${image}`]);
  await command('ctr', ['images', 'import', archive]);
});

test.after.always(async () => {
  if (daemon?.exitCode === null) {
    const ended = emitted(daemon, 'exit');
    daemon.kill('SIGTERM');
    await ended;
  }
  await rm(folder, { recursive: true, force: true });
});

once('a task has output and status', async (t) => {
  t.timeout(300_000);
  const ran = await ctr(...RUN, '--rm', image, 'first', 'sh', '-c', 'uname -r; exit 4');
  t.is(ran.status, 4, ran.stderr);
  t.regex(ran.stdout, /^[\d.]+-thaw\n$/);
});

once('one that runs: exec, ps, metrics, pause, resume, kill, delete', async (t) => {
  t.timeout(600_000);
  const started = await ctr(...RUN, '-d', image, 'second', 'sleep', '1000');
  t.is(started.status, 0, started.stderr);
  const state = async () => (await ctr('tasks', 'ls')).stdout;
  const running = await state();
  t.regex(running, /^second +\d+ +RUNNING/m);
  t.deepEqual(await idsIn(ROOT), ['second']);
  const pid = /^second +(\d+)/m.exec(running)?.[1];
  const ran = await ctr(
    'tasks',
    'exec',
    '--exec-id',
    'one',
    'second',
    'sh',
    '-c',
    'echo in; exit 3',
  );
  t.deepEqual([ran.status, ran.stdout], [3, 'in\n'], ran.stderr);
  t.true((await ctr('tasks', 'ps', 'second')).stdout.includes(`${pid} `));
  const metrics = await until('its figures', async () => {
    const { stdout } = await ctr('tasks', 'metrics', 'second');
    return /^pids\.current +1 *$/m.test(stdout) && stdout;
  });
  const most = Number(/^memory\.usage_limit +(\d+) *$/m.exec(metrics)?.[1]);
  t.true(most > 50 << 20 && most < 64 << 20, metrics);
  t.is((await ctr('tasks', 'pause', 'second')).status, 0);
  t.regex(await state(), /^second +\d+ +PAUSED/m);
  t.is((await ctr('tasks', 'resume', 'second')).status, 0);
  t.is((await ctr('tasks', 'kill', '-s', 'SIGKILL', 'second')).status, 0);
  await until('its end', async () => /^second .*STOPPED/m.test(await state()), 60_000);
  await ctr('tasks', 'rm', 'second');
  t.is((await ctr('containers', 'rm', 'second')).status, 0);
  t.deepEqual(await idsIn(ROOT), []);
});

longOnce('a checkpoint of one that counts is an image, of which another counts on', async (t) => {
  t.timeout(600_000);
  const counting = 'i=0; while :; do i=$((i + 1)); echo $i >>/numbers; sleep 0.02; done';
  const numbersIn = async (id: string): Promise<number[]> => {
    const { stdout } = await ctr('tasks', 'exec', '--exec-id', 'look', id, 'cat', '/numbers');
    return stdout.trim().split('\n').map(Number);
  };
  const done = async (...words: string[]): Promise<void> => {
    const { status, stderr } = await ctr(...words);
    t.is(status, 0, stderr);
  };
  t.teardown(async () => {
    for (const id of ['third', 'fourth']) {
      await ctr('tasks', 'rm', '--force', id);
      await ctr('containers', 'rm', id);
    }
  });
  await done(...RUN, '-d', '--null-io', image, 'third', 'sh', '-c', counting);
  await until('it has counted', async () => (await numbersIn('third')).length >= 3);
  await done(...['containers', 'checkpoint', '--rw', '--image', '--task', 'third', 'localhost/cp']);
  const then = await numbersIn('third');
  await until('it counts on', async () => (await numbersIn('third')).length > then.length);
  await done('containers', 'restore', '--rw', '--live', 'fourth', 'localhost/cp');
  const first = await numbersIn('fourth');
  await until('so does the other', async () => (await numbersIn('fourth')).length > first.length);
  const numbers = await numbersIn('fourth');
  t.true(first.length >= 3);
  t.deepEqual(
    numbers,
    numbers.map((_, index) => index + 1),
  );
  for (const id of ['third', 'fourth']) {
    await done('tasks', 'kill', '-s', 'SIGKILL', id);
    const isOver = async () =>
      new RegExp(`^${id} .*STOPPED`, 'm').test((await ctr('tasks', 'ls')).stdout);
    await until('its end', isOver, 60_000);
    await ctr('tasks', 'rm', id);
    await done('containers', 'rm', id);
  }
  await done('images', 'rm', 'localhost/cp');
  t.deepEqual(await idsIn(ROOT), []);
});
