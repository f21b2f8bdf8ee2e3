// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { parseReference } from '../../../toolstack/image/reference.js';

const digest = `sha256:${'a'.repeat(64)}`;

test('names without a transport follow the rules of docker and podman', (t) => {
  const names: [string, string][] = [
    ['busybox', 'docker.io/library/busybox:latest'],
    ['debian:13', 'docker.io/library/debian:13'],
    ['user/app', 'docker.io/user/app:latest'],
    ['localhost:5000/x', 'localhost:5000/x:latest'],
    ['localhost/x:1', 'localhost/x:1'],
    ['registry.example/a/b/c:v1.2', 'registry.example/a/b/c:v1.2'],
    ['index.docker.io/library/busybox', 'docker.io/library/busybox:latest'],
    [`busybox@${digest}`, `docker.io/library/busybox@${digest}`],
    [`busybox:1@${digest}`, `docker.io/library/busybox@${digest}`],
    ['docker://quay.example/a:b', 'quay.example/a:b'],
    ['docker:27', 'docker.io/library/docker:27'],
    ['[::1]:5000/x', '[::1]:5000/x:latest'],
  ];
  for (const [text, name] of names) {
    const ref = parseReference(text);
    t.is(ref.name, name);
    t.is(ref.skopeo, `docker://${name}`);
    t.deepEqual(ref.paths, []);
  }
});

test('relative paths of local transports start at the caller’s folder', (t) => {
  const cwd = '/srv/images';
  const cases: [string, string, string[]][] = [
    ['oci:box:latest', 'oci:/srv/images/box:latest', ['/srv/images/box']],
    ['oci:../box', 'oci:/srv/box', ['/srv/box']],
    ['oci-archive:/a/b.tar:x', 'oci-archive:/a/b.tar:x', ['/a/b.tar']],
    [
      'docker-archive:b.tar:docker.io/x:1',
      'docker-archive:/srv/images/b.tar:docker.io/x:1',
      ['/srv/images/b.tar'],
    ],
    ['dir:d:e', 'dir:/srv/images/d:e', ['/srv/images/d:e']],
    ['tarball:a:/b', 'tarball:/srv/images/a:/b', ['/srv/images/a', '/b']],
  ];
  for (const [text, skopeo, paths] of cases) {
    const ref = parseReference(text, { cwd });
    t.deepEqual([ref.skopeo, ref.name, ref.paths], [skopeo, skopeo, paths]);
  }
});

test('what cannot be a reference is refused before any program runs', (t) => {
  const bad = [
    '',
    'Busybox',
    'a//b',
    'busybox:',
    'busybox@sha256:12',
    'busybox:ta g',
    'x\ny',
    'http://a/b',
    'oci:',
    'docker-archive:-',
    'docker-daemon:',
    'UP_PER.example/x',
    '-rf',
    `${'a/'.repeat(200)}b`,
  ];
  for (const text of bad) {
    t.throws(
      () => parseReference(text, { cwd: '/' }),
      { code: 'ERR_IMAGE_REFERENCE' },
      JSON.stringify(text),
    );
  }
  t.throws(() => parseReference('oci:relative'), { code: 'ERR_IMAGE_REFERENCE' });
});

test('only hexadecimal text without a transport may be an image id', (t) => {
  t.true(parseReference('abc123').maybeId);
  t.false(parseReference('abcxyz').maybeId);
  t.false(parseReference('docker://abc').maybeId);
});
