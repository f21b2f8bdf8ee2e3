// SPDX-License-Identifier: Apache-2.0
// podman's service with Docker's command as its client: containers.conf alone makes containers run in domains.

import { spawn, type ChildProcess } from 'node:child_process';
import { once as emitted } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { idsIn, outcome } from '../../support/engines/bundle.js';
import { longOnce } from '../../support/long.js';
import { isLong, isOnce } from '../../support/once.js';
import { command, images, until, type Outcome } from '../../support/dom0/thaw.js';

/** The configuration of docs/engines.md. */
const CONFIG = `
[engine]
runtime = "thaw"
[engine.runtimes]
thaw = ["/usr/bin/thaw-oci"]
`;

const image = 'localhost/latest';
let service: ChildProcess | undefined;
let folder = '';
const docker = (...words: string[]): Promise<Outcome> =>
  outcome(['docker', '-H', `unix://${folder}/sock`, ...words]);

test.before(async () => {
  if (!isOnce || !isLong) return;
  folder = await mkdtemp('/root/service-');
  await writeFile(join(folder, 'conf'), CONFIG);
  await command('podman', ['load', '-q', '-i', `${images}/busybox.oci.tar`]);
  service = spawn('podman', ['system', 'service', '-t', '0', `unix://${folder}/sock`], {
    stdio: 'ignore',
    env: { ...process.env, CONTAINERS_CONF_OVERRIDE: join(folder, 'conf') },
  });
  await until('it answers', async () => (await docker('version')).status === 0, 300_000);
});

test.after.always(async () => {
  if (!isOnce || !isLong) return;
  await docker('rm', '-f', 'served');
  if (service?.exitCode === null) {
    const ended = emitted(service, 'exit');
    service.kill('SIGTERM');
    await ended;
  }
  await command('podman', ['rmi', '-f', image]);
  await rm(folder, { recursive: true, force: true });
});

longOnce('docker run, exec, logs, ps, stop and rm over podman’s socket', async (t) => {
  t.timeout(600_000);
  const ran = await docker(
    'run',
    '--rm',
    '--network',
    'none',
    image,
    'sh',
    '-c',
    'uname -r; exit 6',
  );
  t.is(ran.status, 6, ran.stderr);
  t.regex(ran.stdout, /^[\d.]+-thaw\n$/);
  const script = 'trap "echo term; exit 7" TERM; echo up; while :; do sleep 0.2; done';
  const started = await docker('run', '-d', '--name', 'served', image, 'sh', '-c', script);
  t.is(started.status, 0, started.stderr);
  const execed = await docker('exec', 'served', 'sh', '-c', 'echo in; exit 3');
  t.deepEqual([execed.status, execed.stdout], [3, 'in\n'], execed.stderr);
  t.regex((await docker('ps', '--format', '{{.Names}} {{.Status}}')).stdout, /^served Up /m);
  t.is((await docker('stop', '-t', '60', 'served')).status, 0);
  t.is((await docker('logs', 'served')).stdout, 'up\nterm\n');
  t.is((await docker('inspect', '-f', '{{.State.ExitCode}}', 'served')).stdout, '7\n');
  t.is((await docker('rm', 'served')).status, 0);
  t.deepEqual(await idsIn(), []);
});
