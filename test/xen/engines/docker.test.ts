// SPDX-License-Identifier: Apache-2.0
// Docker's containers in domains of their own, through containerd's shim for runc: networks by its hook, exec, stop, pause, sizes.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { outcome, idsIn, oci } from '../../support/engines/bundle.js';
import { tryShop } from '../../support/engines/shop.js';
import { command, images, until, type Outcome } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isOnce, once } from '../../support/once.js';

/** The configuration of docs/engines.md. This dom0 has no systemd. */
const CONFIG = {
  runtimes: { thaw: { path: '/usr/bin/thaw-oci' } },
  'exec-opts': ['native.cgroupdriver=cgroupfs'],
  // Required for checkpoints.
  experimental: true,
};
const docker = (...words: string[]): Promise<Outcome> => outcome(['docker', ...words]);
const image = 'busybox:thaw';
const ON = ['--runtime', 'thaw', '--memory', '64m'];
/** The state of Docker's containers, kept by containerd's shim for runc. */
const ROOT = '/var/run/docker/runtime-runc/moby';
let folder = '';
let daemon: number | undefined;

async function startDocker(): Promise<void> {
  const child = spawn('sh', ['-c', 'exec dockerd >>/var/log/dockerd.log 2>&1'], {
    detached: true,
    stdio: 'ignore',
  });
  child.unref();
  daemon = child.pid;
  await until('Docker answers', async () => (await docker('version')).status === 0, 300_000);
}

/** With live-restore, containers keep running without the Docker daemon. */
async function stopDocker(): Promise<void> {
  if (daemon === undefined) return;
  const pid = daemon;
  daemon = undefined;
  process.kill(pid, 'SIGTERM');
  await until('Docker has ended', () => !isThere(pid), 120_000);
}

/** Loads one of the test images; resolves with its name. */
async function load(name: string): Promise<string> {
  const archive = join(folder, `${name}.tar`);
  const from = `oci-archive:${images}/${name}.oci.tar`;
  await command('skopeo', ['copy', '-q', from, `docker-archive:${archive}:${name}:thaw`]);
  await command('docker', ['load', '-q', '-i', archive]);
  await rm(archive);
  return `${name}:thaw`;
}

function isThere(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test.before(async () => {
  if (!isOnce) return;
  folder = await mkdtemp('/root/docker-');
  await mkdir('/etc/docker', { recursive: true });
  await writeFile('/etc/docker/daemon.json', JSON.stringify({ ...CONFIG, 'live-restore': true }));
  await startDocker();
  await load('busybox');
});

test.after.always(async () => {
  await stopDocker();
  await rm(folder, { recursive: true, force: true });
});

once('docker run: output, input, status, its network, and what cannot be run', async (t) => {
  t.timeout(600_000);
  const words = ['run', '--rm', '-i', ...ON, image, 'sh', '-c'];
  const script = 'cat; uname -r; ip addr show eth0; echo error >&2; exit 5';
  const ran = await outcome(['docker', ...words, script], 'fed\n');
  t.is(ran.status, 5, ran.stderr);
  t.regex(ran.stdout, /^fed\n[\d.]+-thaw\n[^]*inet 172\.17\.0\.\d+\/16/);
  t.regex(ran.stderr, /^error$/m);
  t.is((await docker('run', '--rm', ...ON, image, 'nosuch')).status, 127);
  t.is((await docker('run', '--rm', ...ON, image, '/etc/passwd')).status, 126);
  const host = await docker('run', '--rm', ...ON, '--network', 'host', image, 'true');
  t.is(host.status, 125);
  t.regex(host.stderr, /linux\.namespaces: network is missing/);
  t.deepEqual(await idsIn(ROOT), []);
});

once(
  'one that runs: a port, exec, cp, volume, top, pause, update, stop, start, kill',
  async (t) => {
    t.timeout(900_000);
    t.teardown(async () => {
      await docker('rm', '-f', 'web');
      await docker('volume', 'rm', '-f', 'web');
    });
    const script =
      'mkdir -p /w; echo page >/w/index.html; httpd -p 80 -h /w; echo up; trap "echo term; exit 3" TERM; while :; do sleep 1; done';
    const words = ['-d', '--name', 'web', ...ON, '-p', '18081:80', '-v', 'web:/data', image];
    const started = await docker('run', ...words, 'sh', '-c', script);
    t.is(started.status, 0, started.stderr);
    await until('it is up', async () => (await docker('logs', 'web')).stdout === 'up\n', 60_000);
    t.is(await (await fetch('http://127.0.0.1:18081/')).text(), 'page\n');
    const ran = await outcome(
      [
        'docker',
        'exec',
        '-i',
        '-e',
        'A=b',
        '-w',
        '/w',
        'web',
        'sh',
        '-c',
        'cat; echo $A; pwd; exit 5',
      ],
      'fed\n',
    );
    t.deepEqual([ran.status, ran.stdout], [5, 'fed\nb\n/w\n'], ran.stderr);
    // Docker recognizes this error by its words alone, also with runc.
    const none = await docker('exec', 'web', 'nosuch');
    t.is(none.status, 126);
    t.regex(none.stdout + none.stderr, /exec: "nosuch": executable file not found in \$PATH/);
    t.is((await docker('exec', '-d', 'web', 'sh', '-c', 'echo x >/data/x')).status, 0);
    const file = '/var/lib/docker/volumes/web/_data/x';
    await until(
      'it was written',
      () => outcome(['cat', file]).then(({ stdout }) => stdout === 'x\n'),
      60_000,
    );
    t.is((await docker('cp', 'web:/w/index.html', join(folder, 'page'))).status, 0);
    t.is(readFileSync(join(folder, 'page'), 'utf8'), 'page\n');
    t.regex((await docker('top', 'web')).stdout, /thaw-oci/);
    const format = '{{.MemUsage}} {{.PIDs}}';
    await until('its figures', async () => {
      const { stdout } = await docker('stats', '--no-stream', '--format', format, 'web');
      return /^[\d.]+[KM]iB \/ 5\d\.\d+MiB [2-4]$/m.test(stdout);
    });
    t.is((await docker('pause', 'web')).status, 0);
    t.regex((await docker('ps')).stdout, /\(Paused\)/);
    t.is((await docker('unpause', 'web')).status, 0);
    t.is((await docker('update', '--memory', '96m', '--memory-swap', '96m', 'web')).status, 0);
    const memory = (await docker('exec', 'web', 'grep', 'MemTotal', '/proc/meminfo')).stdout;
    t.true(Number(/\d+/.exec(memory)?.[0]) > 70_000, memory);
    t.is((await docker('stop', '-t', '60', 'web')).status, 0);
    t.is((await docker('inspect', '-f', '{{.State.ExitCode}}', 'web')).stdout, '3\n');
    t.is((await docker('logs', 'web')).stdout, 'up\nterm\n');
    t.is((await docker('start', 'web')).status, 0);
    t.is((await docker('kill', 'web')).status, 0);
    t.is((await docker('wait', 'web')).stdout, '137\n');
    t.is((await docker('rm', 'web')).status, 0);
  },
);

longOnce('a web server asks a database by its name, also after that was restarted', async (t) => {
  t.timeout(600_000);
  const shop = await load('shop');
  // Runs after the end of its containers: hooks run in reverse order.
  t.teardown(() => docker('rmi', shop));
  await tryShop(t, ['docker'], { image: shop, options: ['--runtime', 'thaw'] });
});

longOnce('docker checkpoint create ends it, and it starts again from there', async (t) => {
  t.timeout(600_000);
  t.teardown(() => docker('rm', '-f', 'saved'));
  const script = 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.5; done';
  const started = await docker('run', '-d', ...ON, '--name', 'saved', image, 'sh', '-c', script);
  t.is(started.status, 0, started.stderr);
  const counted = async (): Promise<number[]> =>
    (await docker('logs', 'saved')).stdout.split('\n').filter(Boolean).map(Number);
  await until('it counts', async () => (await counted()).length >= 3);
  const saved = await docker('checkpoint', 'create', 'saved', 'one');
  t.is(saved.status, 0, saved.stderr);
  const state = ['inspect', '-f', '{{.State.Status}}', 'saved'];
  await until('it has ended', async () => (await docker(...state)).stdout === 'exited\n');
  const then = (await counted()).length;
  const again = await docker('start', '--checkpoint', 'one', 'saved');
  t.is(again.status, 0, again.stderr);
  await until('it counts on', async () => (await counted()).length >= then + 3);
  const all = await counted();
  t.deepEqual(
    all,
    all.map((_, index) => index + 1),
  );
});

once('who is killed for want of memory is said to be', async (t) => {
  t.timeout(300_000);
  t.teardown(() => docker('rm', '-f', 'wants'));
  const own = ['--name', 'wants', '--cap-add', 'IPC_LOCK', '-v', '/root/tests/files:/t:ro'];
  const words = ['--runtime', 'thaw', '--memory', '48m', ...own, image, '/t/want-memory'];
  t.is((await docker('run', ...words)).status, 137);
  const state = '{{.State.OOMKilled}} {{.State.ExitCode}}';
  // Docker receives both events in either order.
  await until(
    'why it ended',
    async () => (await docker('inspect', '-f', state, 'wants')).stdout === 'true 137\n',
    60_000,
  );
});

longOnce(
  'on a network of one’s own names are found, also by one that is connected later',
  async (t) => {
    t.timeout(600_000);
    const [one, two] = ['names-one', 'names-two'];
    t.teardown(async () => {
      await docker('rm', '-f', 'named', 'late');
      await docker('network', 'rm', one, two);
    });
    const ok = async (...words: string[]): Promise<string> => {
      const { status, stdout, stderr } = await docker(...words);
      t.is(status, 0, `${words.join(' ')}: ${stderr}`);
      return stdout;
    };
    for (const network of [one, two]) await ok('network', 'create', network);
    const serve = 'mkdir /w; echo page >/w/index.html; exec httpd -f -p 80 -h /w';
    await ok('run', '-d', '--name', 'named', '--network', one, ...ON, image, 'sh', '-c', serve);
    const ask = ['wget', '-qO-', 'http://named/'];
    t.is(await ok('run', '--rm', '--network', one, ...ON, image, ...ask), 'page\n');
    const late = ['-d', '--name', 'late', '--network', two, ...ON, image, 'sleep', '10000'];
    const id = (await ok('run', ...late)).trim();
    // Other tests cover the engine's own exec, which is slow.
    const inside = (...words: string[]): Promise<Outcome> =>
      oci('--root', ROOT, 'exec', id, ...words);
    t.not((await inside(...ask)).status, 0, 'another network has other names');
    await ok('network', 'connect', one, 'late');
    const asked = async (): Promise<string> => (await inside(...ask)).stdout;
    await until('its guest is there, too', async () => (await asked()) === 'page\n', 60_000);
    const links = async (): Promise<string> => (await inside('ls', '/sys/class/net')).stdout;
    t.is(await links(), 'eth0\neth1\nlo\n');
    await ok('network', 'disconnect', one, 'late');
    await until('it has one again', async () => (await links()) === 'eth0\nlo\n', 60_000);
  },
);

longOnce(
  'a container that takes another’s network, processes and IPC comes into its domain',
  async (t) => {
    t.timeout(600_000);
    t.teardown(() => docker('rm', '-f', 'taken'));
    const script =
      'mkdir /w; echo page >/w/index.html; echo kept >/dev/shm/note; exec httpd -f -p 80 -h /w';
    const words = ['-d', '--name', 'taken', '--ipc', 'shareable', ...ON, image, 'sh', '-c'];
    const started = await docker('run', ...words, script);
    t.is(started.status, 0, started.stderr);
    const from = ['network', 'pid', 'ipc'].flatMap((kind) => [`--${kind}`, 'container:taken']);
    const look =
      'until wget -qO- http://127.0.0.1/; do sleep 1; done; cat /dev/shm/note; ps; exit 4';
    const ran = await docker('run', '--rm', ...ON, ...from, image, 'sh', '-c', look);
    t.is(ran.status, 4, ran.stderr);
    t.regex(ran.stdout, /^page\nkept\n[^]* httpd -f /);
    await until('the domain is the one', async () => {
      return [...(await command('xl', ['list'])).matchAll(/^oci-/gm)].length === 1;
    });
    t.deepEqual(await idsIn(ROOT), [started.stdout.trim()]);
  },
);

longOnce('a Docker that ends and comes back finds its containers running', async (t) => {
  t.timeout(600_000);
  t.teardown(() => docker('rm', '-f', 'lasting'));
  const words = ['-d', '--name', 'lasting', ...ON, image, 'sh', '-c'];
  const script = 'i=0; while :; do echo $((i += 1)); sleep 1; done';
  t.is((await docker('run', ...words, script)).status, 0);
  await stopDocker();
  await startDocker();
  t.is((await docker('exec', 'lasting', 'echo', 'still')).stdout, 'still\n');
  t.is((await idsIn(ROOT)).length, 1);
  const lines = async () => (await docker('logs', 'lasting')).stdout.trim().split('\n').length;
  const before = await lines();
  await until('it counts on', async () => (await lines()) > before, 60_000);
  t.is((await docker('rm', '-f', 'lasting')).status, 0);
  t.deepEqual(await idsIn(ROOT), []);
});
