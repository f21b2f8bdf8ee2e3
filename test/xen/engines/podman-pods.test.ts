// SPDX-License-Identifier: Apache-2.0
// podman's pods: one domain holds all containers of a pod, from the first to the last, also when thawd is killed in between.

import test from 'ava';
import { idsIn, killThawdAlone, oci, outcome } from '../../support/engines/bundle.js';
import { command, images, startThawd, until, type Outcome } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isOnce, once } from '../../support/once.js';

const podman = (...words: string[]): Promise<Outcome> =>
  outcome(['podman', '--runtime', '/usr/bin/thaw-oci', ...words]);
const image = 'localhost/latest';
const WAIT = 'trap "exit 5" TERM; while :; do sleep 0.2; done';

async function ok(t: { is: (a: unknown, b: unknown, m: string) => void }, ...words: string[]) {
  const { status, stdout, stderr } = await podman(...words);
  t.is(status, 0, `${words.join(' ')}: ${stderr}`);
  return stdout.trim();
}

const ids = new Map<string, string>();

/** Starts one of the pod's containers. */
async function begin(
  t: { is: (a: unknown, b: unknown, m: string) => void },
  name: string,
  script: string,
) {
  const words = ['-d', '--pod', 'shop', '--name', name, image, 'sh', '-c', script];
  ids.set(name, await ok(t, 'run', ...words));
}

/** Runs a program in the container through thaw-oci. Other tests cover podman's own exec, which is slow. */
const exec = (name: string, ...words: string[]): Promise<Outcome> =>
  oci('exec', ids.get(name) ?? '', ...words);

async function said(name: string, ...words: string[]): Promise<string> {
  const { status, stdout, stderr } = await exec(name, ...words);
  if (status !== 0) throw new Error(`exec in ${name}: ${stderr}`);
  return stdout.trim();
}

/** The number of engines' domains. */
const domains = async (): Promise<number> =>
  [...(await command('xl', ['list'])).matchAll(/^oci-/gm)].length;

test.before(async () => {
  if (isOnce) await command('podman', ['load', '-q', '-i', `${images}/busybox.oci.tar`]);
});

test.after.always(async () => {
  if (!isOnce) return;
  await podman('pod', 'rm', '-f', '-t', '0', '--all');
  await podman('rm', '-f', '-t', '0', '--all');
  await command('podman', ['rmi', '-f', image]);
});

once(
  'its containers share a domain, its loopback, its name; processes are each one’s own',
  async (t) => {
    t.timeout(600_000);
    const infra = ['--infra-image', image, '--infra-command', '/bin/sleep 100000'];
    await ok(t, 'pod', 'create', '--name', 'shop', ...infra, '-p', '18081:80');
    const serve = 'mkdir /w; echo page >/w/index.html; exec httpd -f -p 80 -h /w';
    await begin(t, 'web', serve);
    await begin(t, 'side', WAIT);
    t.is(await domains(), 1);
    t.is(await ok(t, 'exec', 'side', 'wget', '-qO-', 'http://127.0.0.1/'), 'page');
    t.is(await (await fetch('http://127.0.0.1:18081/')).text(), 'page\n');
    t.is(await said('side', 'hostname'), 'shop');
    await said('side', 'sh', '-c', 'echo shared >/dev/shm/note');
    t.is(await said('web', 'cat', '/dev/shm/note'), 'shared');
    t.notRegex(await said('side', 'ps'), /httpd/);
    t.is((await exec('side', 'ls', '/w')).status, 1, 'its files are its own');
    const links = 'for n in ipc uts pid mnt; do readlink /proc/self/ns/$n; done';
    const [web, side] = await Promise.all(
      ['web', 'side'].map(async (name) => (await said(name, 'sh', '-c', links)).split('\n')),
    );
    t.deepEqual(web?.slice(0, 2), side?.slice(0, 2));
    t.not(web?.[2], side?.[2]);
    t.not(web?.[3], side?.[3]);
  },
);

once('a limit is its own, and the domain grows for it', async (t) => {
  t.timeout(300_000);
  const read = 'cat /sys/fs/cgroup/memory.max; grep MemTotal /proc/meminfo';
  const words = ['--rm', '--pod', 'shop', '--memory', '300m', image, 'sh', '-c', read];
  const [max, total] = (await ok(t, 'run', ...words)).split('\n');
  t.is(max, String(300 * 2 ** 20));
  t.true(Number(total?.replaceAll(/\D/g, '')) > 320 * 1024, total);
  const many = await podman('run', '--rm', '--pod', 'shop', '--cpus', '3', image, 'true');
  t.not(many.status, 0);
  t.regex(many.stderr, /linux.resources.cpu: 3 CPUs: the domain of container "[^"]+"/);
});

longOnce(
  'one is paused, ends and starts again; the others go on; a new thawd knows all of it',
  async (t) => {
    t.timeout(600_000);
    await ok(t, 'pause', 'side');
    t.is(await said('web', 'echo', 'on'), 'on');
    await killThawdAlone();
    await startThawd();
    const page = await (await fetch('http://127.0.0.1:18081/')).text();
    t.is(page, 'page\n');
    t.not((await exec('side', 'true')).status, 0, 'it is paused');
    await ok(t, 'unpause', 'side');
    t.is(await said('side', 'echo', 'on'), 'on');
    await ok(t, 'stop', '-t', '60', 'side');
    t.is(await ok(t, 'inspect', '-f', '{{.State.ExitCode}}', 'side'), '5');
    t.is(await said('web', 'echo', 'on'), 'on');
    await ok(t, 'start', 'side');
    t.is(await said('side', 'wget', '-qO-', 'http://127.0.0.1/'), 'page');
    t.is(await domains(), 1);
  },
);

longOnce('it stops and starts as a whole, and nothing is left', async (t) => {
  t.timeout(600_000);
  await ok(t, 'pod', 'pause', 'shop');
  await ok(t, 'pod', 'unpause', 'shop');
  t.is(await said('side', 'echo', 'on'), 'on');
  await ok(t, 'pod', 'stop', '-t', '1', 'shop');
  await until('no domain is left', async () => (await domains()) === 0);
  await ok(t, 'pod', 'start', 'shop');
  t.is(await said('side', 'wget', '-qO-', 'http://127.0.0.1/'), 'page');
  const domid = /^oci-\S+ +(\d+)/m.exec(await command('xl', ['list']))?.[1] ?? '';
  await command('xl', ['destroy', domid]);
  const states = async (): Promise<string> => ok(t, 'ps', '-a', '--format', '{{.Status}}');
  await until('all have ended', async () => !/^Up/m.test(await states()), 60_000);
  await ok(t, 'pod', 'rm', '-f', '-t', '0', 'shop');
  t.deepEqual(await idsIn(), []);
});

longOnce(
  'a container that takes another’s network and processes comes into its domain',
  async (t) => {
    t.timeout(300_000);
    await ok(t, 'pod', 'rm', '-f', '-t', '0', '--all');
    await until('no domain is left', async () => (await domains()) === 0);
    const alone = ['run', '-d', '--name', 'first', '--network', 'none', image, 'sh', '-c', WAIT];
    await ok(t, ...alone);
    const words = ['run', '--rm', '--network', 'container:first', '--pid', 'container:first'];
    t.regex(await ok(t, ...words, image, 'ps'), /trap "exit 5" TERM/);
    t.is(await domains(), 1);
    await ok(t, 'rm', '-f', '-t', '0', 'first');
    t.deepEqual(await idsIn(), []);
  },
);
