// SPDX-License-Identifier: Apache-2.0
// Images of every kind, including those of a registry on loopback.

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { Registry } from '../../support/image/registry.js';
import { busybox, command, debian, guestType, images, run, thaw } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';

/** Runs a shell line; rejects when it fails. */
const shell = (line: string): Promise<string> => command('sh', ['-ec', line], 300_000);

once('an image pulled from a registry on loopback runs', async (t) => {
  t.timeout(600_000);
  const registry = await Registry.start();
  try {
    const reference = await registry.push(debian, 'debian:test');
    const pulled = await thaw(['pull', '--tls-verify=false', `docker://${reference}`]);
    t.is(pulled.stderr, '');
    t.is(pulled.status, 0);
    t.regex((await thaw(['images'])).stdout, /\/debian +test +/);
    const { stdout } = await run([
      '--pull',
      'never',
      `docker://${reference}`,
      'perl',
      '-e',
      'print 6 * 7',
    ]);
    t.is(stdout, '42');
    t.is((await thaw(['rmi', `docker://${reference}`])).status, 0);
  } finally {
    await registry.stop();
  }
});

once('an OCI archive and a Docker archive run', async (t) => {
  t.timeout(300_000);
  for (const kind of ['oci-archive', 'docker-archive']) {
    const { stdout, stderr } = await run([
      `${kind}:${images}/busybox.${kind === 'oci-archive' ? 'oci' : 'docker'}.tar`,
      'echo',
      kind,
    ]);
    t.is(stderr, '');
    t.is(stdout, `${kind}\n`);
  }
});

once('layers are stacked with their whiteouts, and the config of the image counts', async (t) => {
  t.timeout(300_000);
  const layered = `oci-archive:${images}/bad/layered.tar`;
  t.deepEqual(await run([layered]), { status: 0, stdout: 'top image /opaque web\n', stderr: '' });
  // Arguments replace the image's Cmd; --entrypoint replaces both.
  const { stdout } = await run([layered, 'ls -A / /opaque; cat /opaque/* /tmp/*; id -u']);
  const root = 'bin dev etc opaque proc result sys tmp'.split(' ');
  t.is(stdout, ['/:', ...root, '', '/opaque:', 'new', 'middlemiddle1234', ''].join('\n'));
  const options = ['--entrypoint', 'sh', '-w', '/', '-u', '0', '-e', 'OWN=mine'];
  const words = [...options, layered, '-c', 'echo $OWN $(pwd) $(id -u)'];
  t.is((await run(words)).stdout, 'mine / 0\n');
});

once('info, version and images tell what is there', async (t) => {
  const info = JSON.parse((await thaw(['info', '--json'])).stdout) as {
    xen: { version: string };
    templates: unknown[];
    images: number;
  };
  t.regex(info.xen.version, /^4\./);
  t.true(info.images >= 1);
  t.regex((await thaw(['version'])).stdout, /^thaw \d+\.\d+\.\d+\nXen 4\./);
});

async function thereAndBack(t: ExecutionContext, format: string): Promise<void> {
  t.timeout(600_000);
  const folder = await mkdtemp('/root/saved-');
  try {
    const id = (await thaw(['pull', '-q', busybox])).stdout.trim();
    t.is((await thaw(['tag', id, 'localhost/lab/there:1'])).status, 0);
    const file = join(folder, format);
    const saved = await thaw(['save', '--format', format, '-o', file, 'localhost/lab/there:1']);
    t.deepEqual(saved, { status: 0, stdout: '', stderr: '' });
    t.regex(await shell(`podman load -q -i ${file}`), /localhost\/lab\/there:1/);
    t.is((await shell('podman image inspect -f "{{.Id}}" localhost/lab/there:1')).trim(), id);
    await shell(`podman save -q --format ${format} -o ${file}.back localhost/lab/there:1`);
    await shell('podman rmi -f localhost/lab/there:1');
    t.is((await thaw(['untag', id, 'localhost/lab/there:1'])).status, 0);
    const loaded = await thaw(['load', '-q', '-i', `${file}.back`]);
    t.is(loaded.stdout, 'Loaded image: localhost/lab/there:1\n');
    const words = ['image', 'inspect', '--format', '{{.Id}}', 'localhost/lab/there:1'];
    t.is((await thaw(words)).stdout.trim(), id);
    const { stdout } = await run(['--pull', 'never', 'localhost/lab/there:1', 'echo', 'back']);
    t.is(stdout, 'back\n');
  } finally {
    await thaw(['rmi', 'localhost/lab/there:1']);
    await rm(folder, { recursive: true, force: true });
  }
}

longOnce('an image goes to podman and comes back with the id that it had', (t) =>
  thereAndBack(t, 'oci-archive'),
);

longOnce('and so it does as an archive of docker’s', (t) => thereAndBack(t, 'docker-archive'));

longOnce('an archive goes through pipes in both directions', async (t) => {
  t.timeout(600_000);
  const id = (await thaw(['pull', '-q', debian])).stdout.trim();
  await thaw(['tag', id, 'localhost/lab/piped:1']);
  // Long enough for both ends to wait for each other many times.
  const text = await shell('thaw save -q localhost/lab/piped:1 | thaw load -q');
  t.is(text, 'Loaded image: localhost/lab/piped:1\n');
  t.is(
    (await thaw(['image', 'inspect', '-f', '{{.Id}}', 'localhost/lab/piped:1'])).stdout.trim(),
    id,
  );
  for (const input of ['', 'no archive at all']) {
    const { status, stderr } = await thaw(['load'], { input });
    t.is(status, 125);
    t.regex(stderr, /^thaw: Cannot load [^\n]+\n$/);
  }
  await thaw(['untag', id, 'localhost/lab/piped:1']);
});

longOnce('a pushed image is pulled by podman', async (t) => {
  t.timeout(600_000);
  const registry = await Registry.start();
  const name = `${registry.address}/lab/pushed:1`;
  try {
    const id = (await thaw(['pull', '-q', busybox])).stdout.trim();
    const pushed = await thaw(['push', '--tls-verify=false', busybox, name]);
    t.deepEqual(pushed, { status: 0, stdout: '', stderr: '' });
    t.is((await shell(`podman pull -q --tls-verify=false ${name}`)).trim(), id);
    await shell(`podman rmi -f ${name}`);
  } finally {
    await registry.stop();
  }
});

once('df counts what prune wins, and prune asks', async (t) => {
  t.timeout(300_000);
  const dangling = (
    await thaw(['pull', '-q', `oci-archive:${images}/bad/layered.tar`])
  ).stdout.trim();
  await thaw(['untag', dangling]);
  const exists = async () => (await thaw(['image', 'exists', dangling])).status;
  const rows = JSON.parse((await thaw(['system', 'df', '--format', 'json'])).stdout) as {
    type: string;
    reclaimableBytes: number;
  }[];
  t.true((rows.find(({ type }) => type === 'Images')?.reclaimableBytes ?? 0) > 0);
  t.is((await thaw(['image', 'prune'], { input: 'n\n' })).status, 0);
  t.is(await exists(), 0);
  t.is((await thaw(['image', 'prune'], { input: '' })).status, 125);
  t.is(await exists(), 0);
  const { status, stdout } = await thaw(['image', 'prune'], { input: 'y\n' });
  t.is(status, 0);
  t.true(stdout.includes(dangling));
  t.is(await exists(), 1);
});

longOnce('on a terminal progress is drawn in place', async (t) => {
  t.timeout(300_000);
  const line = `thaw pull oci-archive:${images}/busybox.oci.tar; thaw freeze --type ${guestType} --name drawn ${busybox} true`;
  await thaw(['rmi', `oci-archive:${images}/busybox.oci.tar`]);
  const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  text = text.replaceAll('\x1b', 'ESC');
  await thaw(['unfreeze', 'drawn']);
  t.regex(text, /\rCopying oci-archive:[^\r\n]*ESC\[K/);
  t.regex(text, /\rFreezing drawn +\[=+ *\] *\d+% of /);
  t.regex(text, /\rConverting layer 1 of 1/);
  t.notRegex(text, /ESC\[\d*m/);
});

once('--cidfile has the id while the container runs, and a second one is refused', async (t) => {
  t.timeout(300_000);
  const folder = await mkdtemp('/root/cid-');
  try {
    const file = join(folder, 'id');
    const { stdout } = await run(['--cidfile', file, busybox, 'true']);
    t.is(stdout, '');
    t.regex(await shell(`cat ${file}`), /^[0-9a-f]{64}$/);
    const second = await run(['--cidfile', file, busybox, 'true']);
    t.is(second.status, 125);
    t.regex(second.stderr, /^thaw: Cannot use --cidfile .* is there already/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
