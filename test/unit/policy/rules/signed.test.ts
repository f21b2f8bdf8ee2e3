// SPDX-License-Identifier: Apache-2.0
// The signature that skopeo asks for is that of the most specific scope.

import test from 'ava';
import { wantsSignature } from '../../../../toolstack/policy/rules/signed.js';

const POLICY = JSON.stringify({
  default: [{ type: 'insecureAcceptAnything' }],
  transports: {
    docker: {
      'docker.io/library/debian:13': [{ type: 'insecureAcceptAnything' }],
      'docker.io/library': [{ type: 'sigstoreSigned' }],
      'quay.io': [{ type: 'signedBy' }],
      '*.example.com': [{ type: 'signedBy' }],
    },
  },
});

const ROWS: [string, boolean][] = [
  ['docker.io/library/debian:13', false],
  ['docker.io/library/debian:12', true],
  ['docker.io/library/a@sha256:00', true],
  ['docker.io/libraryx/a:1', false],
  ['quay.io/a/b:1', true],
  ['r.example.com:5000/a:1', true],
  ['example.com/a:1', false],
  ['frozen:web', false],
  ['oci:/srv/image', false],
];

for (const [image, wanted] of ROWS)
  test(`${image}: ${wanted}`, (t) => t.is(wantsSignature(POLICY, image), wanted));

test('a default that rejects, a missing file and a text that is no JSON', (t) => {
  t.true(wantsSignature('{"default":[{"type":"reject"}]}', 'a/b:1'));
  for (const text of ['', 'x', '[]', '{"default":[]}', '{"default":1}', 'null'])
    t.false(wantsSignature(text, 'a/b:1'), text);
});
