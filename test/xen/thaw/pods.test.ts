// SPDX-License-Identifier: Apache-2.0
// Pods: several containers in one domain, each with files of its own, sharing network and more, through both lifecycles.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { openXenstore } from '../../../xenstore/index.js';
import {
  busybox,
  command,
  guestType,
  killThawd,
  list,
  pidsOf,
  startThawd,
  thaw,
  until,
} from '../../support/dom0/thaw.js';
import { long, longOnPv } from '../../support/long.js';
import { once } from '../../support/once.js';

async function ok(t: { is: (a: unknown, b: unknown, m: string) => void }, ...words: string[]) {
  const { status, stdout, stderr } = await thaw(words);
  t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const pod = async (name: string, field: string) =>
  (await thaw(['pod', 'inspect', '--format', `{{.${field}}}`, name])).stdout.trim();

const POD = ['--type', guestType, '--memory', '128m'];
const SERVE = 'mkdir /w; echo hello >/w/index.html; exec httpd -f -p 80 -h /w';
/** Ends at once on SIGTERM. */
const WAIT = 'trap "exit 5" TERM; while :; do sleep 0.2; done';

/** A host directory that containers of a pod share. */
const folder = mkdtempSync('/srv/thaw-pod-');

test.after.always(async () => {
  await thaw(['pod', 'rm', '--force', '--all']);
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
  rmSync(folder, { recursive: true, force: true });
  await thaw(['volume', 'prune', '--force']);
});

test.serial('its containers are in one domain, and reach each other on its loopback', async (t) => {
  const id = await ok(t, 'pod', 'create', ...POD, '--name', 'shop', '--label', 'tier=front');
  t.regex(id, /^[0-9a-f]{64}$/);
  t.is(await pod('shop', 'State'), 'Created');
  await ok(t, 'run', '-d', '--pod', 'shop', '--name', 'web', busybox, 'sh', '-c', SERVE);
  await ok(t, 'run', '-d', '--pod', 'shop', '--name', 'side', busybox, 'sh', '-c', WAIT);
  const domains = (await list()).map(({ domid }) => domid);
  t.is(new Set(domains).size, 1);
  t.regex(await command('xl', ['list']), /^shop +\d+ +12[78] /m);
  const page = await until('the web server answers', async () => {
    const { stdout } = await thaw(['exec', 'side', 'wget', '-q', '-O-', 'http://127.0.0.1/']);
    return stdout;
  });
  t.is(page, 'hello\n');
  t.is((await thaw(['exec', 'side', 'ls', '/w'])).status, 1, 'its files are its own');
  t.is(await ok(t, 'exec', 'side', 'hostname'), 'shop');
  t.is(await pod('shop', 'State'), 'Running');
  t.regex(await ok(t, 'pod', 'ps', '--filter', 'label=tier=front'), /shop +Running .* 2$/m);
  t.regex(await ok(t, 'ps', '--pod'), /web .*shop$/m);
});

test.serial('each sees its own processes, and its end is its own', async (t) => {
  t.notRegex(await ok(t, 'exec', 'side', 'ps'), /httpd/);
  const { status, stdout } = await thaw([
    'run',
    '--rm',
    '--pod',
    'shop',
    busybox,
    'sh',
    '-c',
    'exit 3',
  ]);
  t.deepEqual([status, stdout], [3, '']);
  await ok(t, 'stop', '--time', '120', 'side');
  t.is((await list()).find(({ name }) => name === 'side')?.exitStatus, 5);
  t.is(await pod('shop', 'State'), 'Degraded');
  t.regex(await ok(t, 'ps'), /web$/m);
  await ok(t, 'start', 'side');
  t.is(await pod('shop', 'State'), 'Running');
});

long('what a container wrote is there when it starts again, also with its pod', async (t) => {
  await ok(t, 'exec', 'side', 'sh', '-c', 'echo kept >/kept');
  await ok(t, 'restart', 'side');
  t.is(await ok(t, 'exec', 'side', 'cat', '/kept'), 'kept');
  const before = await pod('shop', 'Domain.Id');
  await ok(t, 'pod', 'restart', 'shop');
  t.not(await pod('shop', 'Domain.Id'), before);
  t.is(await ok(t, 'exec', 'side', 'cat', '/kept'), 'kept');
  const copied = await ok(t, 'cp', 'side:/kept', '-');
  t.regex(copied, /kept/);
});

long('after kill -9 of thawd all goes on, and can be ended', async (t) => {
  const exec = thaw([
    'exec',
    'side',
    'sh',
    '-c',
    'until [ -e /go ]; do sleep 0.2; done; echo over',
  ]);
  await until('it runs', async () => (await ok(t, 'top', 'side')).includes('[ -e /go ]'));
  await killThawd();
  await startThawd();
  await ok(t, 'exec', 'side', 'touch', '/go');
  t.is((await exec).stdout, 'over\n');
  t.is(await pod('shop', 'State'), 'Running');
  const page = await thaw(['exec', 'side', 'wget', '-q', '-O-', 'http://127.0.0.1/']);
  t.is(page.stdout, 'hello\n');
  await ok(t, 'stop', '--time', '120', 'side');
  t.is((await list()).find(({ name }) => name === 'side')?.exitStatus, 5);
  await ok(t, 'start', 'side');
});

longOnPv('paused, nothing in it runs', async (t) => {
  await ok(t, 'pod', 'pause', 'shop');
  t.is(await pod('shop', 'State'), 'Paused');
  t.regex(await command('xl', ['list']), /^shop .* --p---/m);
  await ok(t, 'pod', 'unpause', 'shop');
  t.is(await ok(t, 'exec', 'side', 'echo', 'on'), 'on');
});

long('a container of it is paused alone, and the next thawd knows', async (t) => {
  t.timeout(600_000);
  const count = 'i=0; while :; do echo $i; i=$((i+1)); sleep 0.1; done';
  await ok(t, 'run', '-d', '--pod', 'shop', '--name', 'counts', busybox, 'sh', '-c', count);
  const said = async () => (await ok(t, 'logs', '--tail', '1', 'counts')).trim();
  await until('it counts', async () => Number(await said()) > 3);
  await ok(t, 'pause', 'counts');
  const at = await until('it stands', async () => {
    const before = await said();
    await ok(t, 'exec', 'side', 'sleep', '1');
    return before === (await said()) ? before : undefined;
  });
  t.is(await pod('shop', 'State'), 'Degraded');
  t.regex((await thaw(['exec', 'counts', 'true'])).stderr, /it is paused/);
  await killThawd();
  await startThawd();
  t.is((await list()).find(({ name }) => name === 'counts')?.state, 'paused');
  await ok(t, 'pod', 'pause', 'shop');
  t.regex((await thaw(['unpause', 'counts'])).stderr, /; use thaw pod unpause shop/);
  await ok(t, 'pod', 'unpause', 'shop');
  t.is(await said(), at, 'the pod that goes on leaves it still');
  await ok(t, 'unpause', 'counts');
  await until('it counts on', async () => Number(await said()) > Number(at));
  await ok(t, 'pause', 'counts');
  await ok(t, 'rm', '--force', '--time', '0', 'counts');
});

once('with --share +pid they see each other', async (t) => {
  await ok(t, 'pod', 'create', ...POD, '--name', 'seen', '--share', '+pid');
  await ok(t, 'run', '-d', '--pod', 'seen', '--name', 'one', busybox, 'sleep', '1234');
  t.regex(await ok(t, 'run', '--rm', '--pod', 'seen', busybox, 'ps'), /sleep 1234/);
  await ok(t, 'kill', 'one');
  await until('it ended', async () =>
    (await list()).some(({ name, state }) => name === 'one' && state === 'exited'),
  );
  await ok(t, 'pod', 'rm', 'seen');
});

once('limits of a container in it are its own', async (t) => {
  const words = ['--rm', '--pod', 'shop', '--memory', '32m', '--cpus', '0.5', busybox];
  const read = ['sh', '-c', 'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/cpu.max'];
  t.is(await ok(t, 'run', ...words, ...read), '33554432\n50000 100000');
  const { status, stderr } = await thaw([
    'run',
    '--rm',
    '--pod',
    'shop',
    '--memory',
    '1g',
    busybox,
  ]);
  t.is(status, 125);
  t.regex(stderr, /Cannot use --memory .* in pod "shop": its domain has/);
});

longOnPv('a pod of which a container runs stays; then all of it goes', async (t) => {
  const { status, stderr } = await thaw(['pod', 'rm', 'shop']);
  t.is(status, 125);
  t.regex(stderr, /container "\w+" is running; stop the pod first, or use --force/);
  await ok(t, 'pod', 'stop', '--time', '3', 'shop');
  t.is(await pod('shop', 'State'), 'Exited');
  t.notRegex(await command('xl', ['list']), /^shop /m);
  await ok(t, 'pod', 'rm', 'shop');
  t.is((await thaw(['pod', 'exists', 'shop'])).status, 1);
  t.deepEqual(await list(), []);
});

/** The number of 9pfs devices of a pod's domain, and of processes that serve them. */
async function served(name: string): Promise<[number, number]> {
  const domid = await pod(name, 'Domain.Id');
  const xenstore = await openXenstore();
  try {
    const devices = await xenstore
      .directory(`/local/domain/0/backend/9pfs/${domid}`)
      .catch((): string[] => []);
    return [devices.length, pidsOf(new RegExp(`thaw-shim --files ${domid} `)).length];
  } finally {
    await xenstore.close();
  }
}

const inPod = (name: string, ...words: string[]): string[] => [
  ...['run', '-d', '--pod', 'data', '--name', name, ...words],
  ...[busybox, 'sh', '-c', WAIT],
];

longOnPv('containers in it share volumes, and have files of the host', async (t) => {
  t.timeout(600_000);
  writeFileSync(join(folder, 'told'), 'told\n');
  await ok(t, 'pod', 'create', ...POD, '--name', 'data');
  await ok(t, ...inPod('one', '-v', 'both:/etc'));
  await ok(t, ...inPod('two', '-v', 'both:/w', '-v', `${join(folder, 'told')}:/told:ro`));
  t.deepEqual(await served('data'), [2, 2]);
  t.regex(await ok(t, 'exec', 'two', 'cat', '/w/passwd'), /^root:/, 'the image filled it');
  await ok(t, 'exec', 'one', 'sh', '-c', 'echo one >/etc/f');
  t.is(await ok(t, 'exec', 'two', 'cat', '/w/f', '/told'), 'one\ntold');
  await ok(t, 'exec', 'two', 'sh', '-c', 'echo two >/w/f');
  t.is(await ok(t, 'exec', 'one', 'cat', '/etc/f'), 'two');
  writeFileSync(join(folder, 'told'), 'told again\n');
  t.is(await ok(t, 'exec', 'two', 'cat', '/told'), 'told again');
  const { stderr } = await thaw(['exec', 'two', 'sh', '-c', 'echo x >/told']);
  t.regex(stderr, /Read-only file system/);
  t.not((await thaw(['volume', 'rm', 'both'])).status, 0, 'it is in use');
  const users = await ok(t, 'ps', '--filter', 'volume=both', '--format', '{{.Names}}');
  t.deepEqual(users.split('\n').sort(), ['one', 'two']);
});

longOnPv('one that is removed takes its own along; another has others in its place', async (t) => {
  t.timeout(600_000);
  await ok(t, 'rm', '--force', 'one');
  t.deepEqual(await served('data'), [1, 1]);
  t.is(await ok(t, 'exec', 'two', 'cat', '/w/f'), 'two');
  await ok(t, ...inPod('one', '-v', 'other:/v', '-v', '/anonymous'));
  t.deepEqual(await served('data'), [2, 2]);
  t.is(await ok(t, 'exec', 'one', 'ls', '/v'), '');
  await ok(t, 'exec', 'one', 'touch', '/v/mine', '/anonymous/mine');
  await ok(t, 'restart', 'one');
  t.is(await ok(t, 'exec', 'one', 'sh', '-c', 'ls /v; ls /anonymous'), 'mine\nmine');
  const failed = await thaw([
    ...['run', '--rm', '--pod', 'data', '-v', 'unused:/x'],
    ...[busybox, 'no-such-command'],
  ]);
  t.is(failed.status, 127);
  t.deepEqual(await served('data'), [2, 2], 'a start that failed leaves none');
  await ok(t, 'volume', 'rm', 'unused');
});

long('after kill -9 of thawd they have their files', async (t) => {
  t.timeout(600_000);
  await killThawd();
  await startThawd();
  t.deepEqual(await served('data'), [2, 2]);
  t.is(await ok(t, 'exec', 'two', 'cat', '/w/f'), 'two');
  t.not((await thaw(['volume', 'rm', 'other'])).status, 0, 'it is in use');
});

longOnPv('one that is removed with its volumes leaves those that have a name', async (t) => {
  await ok(t, 'rm', '--force', '--volumes', 'one');
  t.deepEqual(await served('data'), [1, 1]);
  t.is(await ok(t, 'volume', 'ls', '-q'), 'both\nother', 'what nobody named went with it');
  await ok(t, 'volume', 'rm', 'other');
});

longOnPv('a pod that starts again has them again, and at last none', async (t) => {
  t.timeout(600_000);
  const before = await pod('data', 'Domain.Id');
  await ok(t, 'pod', 'stop', '--time', '3', 'data');
  await until('no server is left', () => pidsOf(/thaw-shim --files /).length === 0);
  await ok(t, 'pod', 'start', 'data');
  t.not(await pod('data', 'Domain.Id'), before);
  t.deepEqual(await served('data'), [1, 1]);
  t.is(await ok(t, 'exec', 'two', 'cat', '/w/f'), 'two');
  await ok(t, 'pod', 'rm', '--force', 'data');
  t.deepEqual(pidsOf(/thaw-shim --files /), []);
  await ok(t, 'volume', 'rm', 'both');
});

once('run --pod new: makes one, whose ports are the container’s', async (t) => {
  await ok(
    t,
    ...[
      'run',
      '-d',
      '--pod',
      'new:made',
      '--name',
      'maker',
      '-p',
      '8099:80',
      busybox,
      'sh',
      '-c',
      SERVE,
    ],
  );
  const page = await until('the port leads to it', () =>
    fetch('http://127.0.0.1:8099/').then(
      (answer) => answer.text(),
      () => undefined,
    ),
  );
  t.is(page, 'hello\n');
  await ok(t, 'pod', 'rm', '--force', 'made');
});

long('xl destroy of its domain is the end of all in it, and is said', async (t) => {
  await ok(t, 'pod', 'create', ...POD, '--name', 'gone');
  await ok(t, 'run', '-d', '--pod', 'gone', '--name', 'left', busybox, 'sh', '-c', WAIT);
  await command('xl', ['destroy', 'gone']);
  await until('thaw sees it', async () => (await pod('gone', 'State')) === 'Exited');
  const left = await until('its container is lost', async () =>
    (await list()).find(({ name, state }) => name === 'left' && state === 'lost'),
  );
  t.regex(left.reason ?? '', /domain/);
  await ok(t, 'start', 'left');
  t.is(await pod('gone', 'State'), 'Running');
  await ok(t, 'pod', 'rm', '--force', 'gone');
});
