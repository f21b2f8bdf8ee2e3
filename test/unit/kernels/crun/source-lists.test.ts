// SPDX-License-Identifier: Apache-2.0
// Selects the machine's configured archives from which the build requests source packages.
import test from 'ava';
import { files, run } from '../support.js';

const lists = (...paths: string[]) =>
  run('crun/source-lists', '-v', 'codename=trixie', ...paths).stdout.toString();

test('turns the binary archives of this release into source archives, with their keys', (t) => {
  const at = files(t, {
    'debian.sources': [
      '# a comment',
      'Types: deb',
      'URIs: http://archive.example/debian',
      'Suites: trixie trixie-updates trixie-backports',
      'Components: main contrib',
      'Signed-By: /usr/share/keyrings/debian.pgp',
      '',
      'Types: deb deb-src',
      'URIs: mirror+file:/etc/apt/mirrors/security.list',
      'Suites: trixie-security',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' -----END PGP PUBLIC KEY BLOCK-----',
      '',
    ].join('\n'),
  });
  t.is(
    lists(at('debian.sources')),
    [
      'Types: deb-src',
      'URIs: http://archive.example/debian',
      'Suites: trixie trixie-updates',
      'Components: main',
      'Signed-By: /usr/share/keyrings/debian.pgp',
      '',
      'Types: deb-src',
      'URIs: mirror+file:/etc/apt/mirrors/security.list',
      'Suites: trixie-security',
      'Components: main',
      'Signed-By:',
      ' -----BEGIN PGP PUBLIC KEY BLOCK-----',
      ' .',
      ' -----END PGP PUBLIC KEY BLOCK-----',
      '',
      '',
    ].join('\n'),
  );
});

test('reads one-line lists too', (t) => {
  const at = files(t, {
    'a.list': [
      '# deb http://off.example/debian trixie main',
      'deb [arch=amd64 signed-by=/k.pgp] http://archive.example/debian trixie main non-free # note',
      'deb http://archive.example/debian-security trixie-security main',
      '',
    ].join('\n'),
  });
  t.is(
    lists(at('a.list')),
    'Types: deb-src\nURIs: http://archive.example/debian\nSuites: trixie\nComponents: main\n' +
      'Signed-By: /k.pgp\n\n' +
      'Types: deb-src\nURIs: http://archive.example/debian-security\nSuites: trixie-security\n' +
      'Components: main\n\n',
  );
});

test('leaves out local folders, disabled archives, other releases and other vendors', (t) => {
  const stanza = (uris: string, suites: string, components: string, extra = '') =>
    `Types: deb\nURIs: ${uris}\nSuites: ${suites}\nComponents: ${components}\n${extra}\n`;
  const at = files(t, {
    'a.sources': [
      'Types: deb\nURIs: file:/srv/packages\nSuites: ./\nTrusted: yes\n\n',
      stanza('file:/srv/mirror', 'trixie', 'main'),
      stanza('http://archive.example/debian', 'trixie', 'main', 'Enabled: no\n'),
      stanza('http://archive.example/debian', 'bookworm', 'main'),
      stanza('http://vendor.example/linux', 'trixie', 'stable'),
      stanza('http://vendor.example/linux', 'nodistro', 'main'),
    ].join(''),
    'b.list':
      'deb cdrom:[Debian]/ trixie main\ndeb http://archive.example/debian sid main\n' +
      'deb file:/srv/packages ./\n',
  });
  t.is(lists(at('a.sources'), at('b.list')), '');
});
