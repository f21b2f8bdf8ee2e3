// SPDX-License-Identifier: Apache-2.0
// The logins used for a registry.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseOptions } from '../../../../toolstack/cli/options/options.js';
import { REGISTRY_OPTIONS, registryOptions } from '../../../../toolstack/cli/options/registry.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

const folder = mkdtempSync(join(tmpdir(), 'thaw-logins-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

function options(env: Record<string, string>, ...words: string[]) {
  const { client } = fakeClient({ cwd: '/home', env });
  return registryOptions(parseOptions('thaw', REGISTRY_OPTIONS, words), client);
}

test('the file that is named, else the client’s own', (t) => {
  t.deepEqual(options({}), { tlsVerify: true });
  t.is(options({}, '--authfile', 'a.json').authFile, '/home/a.json');
  t.is(options({ REGISTRY_AUTH_FILE: '/b' }, '--authfile', '/a').authFile, '/a');
  t.is(options({ REGISTRY_AUTH_FILE: '/b' }).authFile, '/b');
  t.is(options({ XDG_RUNTIME_DIR: folder }).authFile, undefined);
  mkdirSync(join(folder, 'containers'));
  writeFileSync(join(folder, 'containers/auth.json'), '{}');
  t.is(options({ XDG_RUNTIME_DIR: folder }).authFile, join(folder, 'containers/auth.json'));
});

test('TLS is asked for unless it is false', (t) => {
  t.false(options({}, '--tls-verify=false').tlsVerify);
  t.throws(() => options({}, '--tls-verify=no'), { code: 'ERR_USAGE' });
});
