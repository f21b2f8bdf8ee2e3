// SPDX-License-Identifier: Apache-2.0
// Hooks get their defaults. A hook that the specification does not allow is refused by its field.
import test from 'ava';
import { checkConfig } from '../../../../../toolstack/frontends/oci/config/config.js';

const hooksIn = (hooks: unknown) => {
  const least = { process: { args: ['true'], cwd: '/' }, root: { path: 'rootfs' } };
  return checkConfig({ ociVersion: '1.2.0', ...least, hooks }).hooks;
};

const NONE = { prestart: [], createRuntime: [], createContainer: [], poststart: [], poststop: [] };

test('without hooks each point has an empty list', (t) => {
  t.deepEqual(hooksIn(undefined), NONE);
  t.deepEqual(hooksIn(null), NONE);
});

test('a point may be null, and a hook gets its defaults', (t) => {
  t.deepEqual(hooksIn({ poststop: [{ path: '/a', timeout: 2 }], prestart: null }), {
    ...NONE,
    poststop: [{ path: '/a', args: [], env: [], timeoutMs: 2000 }],
  });
});

for (const [timeout, timeoutMs] of [
  [undefined, 300_000],
  [1.0005, 1001],
  [1e9, 2 ** 31 - 1],
] as const)
  test(`a timeout of ${timeout} seconds is ${timeoutMs} ms`, (t) => {
    t.like(hooksIn({ poststop: [{ path: '/a', timeout }] }), { poststop: [{ timeoutMs }] });
  });

for (const [hooks, message] of [
  [[], /hooks: an object is wanted/],
  [{ prestart: [{ path: 'a' }] }, /hooks\.prestart\[0\]\.path: "a" is no absolute path/],
  [{ poststop: [{ path: '/a', timeout: 0 }] }, /hooks\.poststop\[0\]\.timeout/],
  [{ poststart: [{ path: '/a', env: [1] }] }, /hooks\.poststart\[0\]\.env\[0\]/],
] as const)
  test(`refused: ${message.source}`, (t) => {
    t.throws(() => hooksIn(hooks), { code: 'ERR_OCI_CONFIG', message });
  });
