// SPDX-License-Identifier: Apache-2.0
// Images of every kind, a registry on loopback among them.

import { Registry } from '../../support/registry.js';
import { once } from '../../support/once.js';
import { debian, images, run, thaw } from '../../support/thaw.js';

once('an image pulled from a registry on loopback runs', async (t) => {
  t.timeout(600_000);
  const registry = await Registry.start();
  try {
    const reference = await registry.push(debian, 'debian:test');
    const pulled = await thaw(['pull', '--tls-verify=false', `docker://${reference}`]);
    t.is(pulled.stderr, '');
    t.is(pulled.status, 0);
    t.regex((await thaw(['images'])).stdout, /debian:test/);
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
  const { stdout, stderr } = await run([
    `oci-archive:${images}/bad/layered.tar`,
    'sh',
    '-c',
    'ls -A /; pwd; id -un',
  ]);
  t.is(stderr, '');
  t.notRegex(stdout, /\.wh\./);
  t.log(stdout);
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
