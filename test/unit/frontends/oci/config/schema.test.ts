// SPDX-License-Identifier: Apache-2.0
// The schema accepts configs of container engines, and names each field that the specification does not allow.
import test from 'ava';
import { checkConfig } from '../../../../../toolstack/frontends/oci/config/config.js';
import { SPEC } from '../../../../../toolstack/frontends/oci/command-line/features.js';

const LEAST = {
  ociVersion: '1.2.0',
  process: { args: ['true'], cwd: '/' },
  root: { path: 'rootfs' },
};

test('the config.json that `spec` prints', (t) => {
  t.notThrows(() => checkConfig(JSON.parse(JSON.stringify(SPEC))));
});

test('engines written in Go write null for an empty list or object', (t) => {
  const config = checkConfig({
    ...LEAST,
    process: { ...LEAST.process, env: null, rlimits: null, capabilities: { ambient: null } },
    mounts: null,
    annotations: null,
    hooks: null,
    linux: { namespaces: null, resources: { devices: null, memory: null }, sysctl: null },
  });
  t.like(config, { mounts: [], annotations: {}, namespaces: [] });
});

test('a field that the specification does not know is let pass', (t) => {
  t.notThrows(() => checkConfig({ ...LEAST, mine: 1, linux: { mine: { at: [1] } } }));
});

test('numbers of 64 bits', (t) => {
  const linux = JSON.parse(
    '{"resources":{"memory":{"limit":9223372036854775807},"cpu":{"shares":18446744073709551615}}}',
  ) as object;
  t.notThrows(() => checkConfig({ ...LEAST, linux }));
});

for (const [linux, message] of [
  [{ resources: { memory: 5 } }, 'linux.resources.memory: an object is wanted'],
  [{ resources: { cpu: { quota: '1' } } }, 'linux.resources.cpu.quota: a whole number is wanted'],
  [{ resources: { pids: { limit: 1.5 } } }, 'linux.resources.pids.limit: a whole number is wanted'],
  [{ resources: { devices: [{}] } }, 'linux.resources.devices[0].allow: is missing'],
  [{ devices: [{ type: 'b', path: 'x' }] }, 'linux.devices[0].path: "x" is no absolute path'],
  [{ sysctl: { 'net.ipv4.a/b': 1 } }, 'linux.sysctl.net.ipv4.a/b: a text is wanted'],
  [{ seccomp: {} }, 'linux.seccomp.defaultAction: is missing'],
  [{ maskedPaths: '/proc' }, 'linux.maskedPaths: a list is wanted'],
  [{ personality: { domain: 'X' } }, 'linux.personality.domain: "X": LINUX, LINUX32 are allowed'],
] as const)
  test(`refused: ${message}`, (t) => {
    const expected = { code: 'ERR_OCI_CONFIG', message: `config.json: ${message}` };
    t.throws(() => checkConfig({ ...LEAST, linux }), expected);
  });
