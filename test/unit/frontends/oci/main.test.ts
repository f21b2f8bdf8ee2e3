// SPDX-License-Identifier: Apache-2.0
// Interface to container engines: recognized command lines, the state, the list, errors on stderr and in the log.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { cgroupFolder } from '../../../../toolstack/frontends/oci/engine/cgroup.js';
import { ociWords, runOci } from '../../../../toolstack/frontends/oci/main.js';
import type { OciContainers } from '../../../../toolstack/frontends/oci/container/containers.js';
import { OciError } from '../../../../toolstack/frontends/oci/errors.js';
import type { OciRecord } from '../../../../toolstack/frontends/oci/container/record.js';
import { stateOf } from '../../../../toolstack/frontends/oci/command-line/state.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

const RECORD = {
  key: 'k',
  id: 'one',
  root: '/r',
  bundle: '/b',
  ociVersion: '1.2.0',
  annotations: {},
  state: 'running',
  pid: 42,
  created: 0,
  flags: 1,
  cgroup: '',
  sandbox: { files: [{ path: '/b/rootfs', readOnly: false }] },
} as unknown as OciRecord;

test('by its name, or its first word', (t) => {
  t.deepEqual(ociWords(['/usr/bin/thaw-oci', 'state', 'x']), ['state', 'x']);
  t.deepEqual(ociWords(['thaw', 'oci', 'state', 'x']), ['state', 'x']);
  t.deepEqual(ociWords(['thaw-oci']), []);
  t.is(ociWords(['thaw', 'ps']), undefined);
  t.is(ociWords(['thaw']), undefined);
});

test('a state has what the specification asks for', (t) => {
  t.deepEqual(stateOf(RECORD), {
    ociVersion: '1.2.0',
    id: 'one',
    pid: 42,
    status: 'running',
    bundle: '/b',
    rootfs: '/b/rootfs',
    created: '1970-01-01T00:00:00.000Z',
    owner: '',
  });
  const ended = stateOf({ ...RECORD, state: 'exited', annotations: { a: 'b' } });
  t.like(ended, { pid: 0, status: 'stopped', annotations: { a: 'b' } });
});

test('lists, in three ways, of one root', async (t) => {
  const roots: string[] = [];
  const containers = {
    list: (root: string) => {
      roots.push(root);
      return [RECORD];
    },
  } as unknown as OciContainers;
  for (const [words, expected] of [
    [['--root', 'r', 'list', '-q'], 'one\n'],
    [['list', '--format', 'json'], `${JSON.stringify([stateOf(RECORD)])}\n`],
    [
      ['list'],
      'ID    PID   STATUS    BUNDLE   CREATED                    OWNER\n' +
        'one   42    running   /b       1970-01-01T00:00:00.000Z   root\n',
    ],
  ] as const) {
    const { client, out } = fakeClient();
    t.is(await runOci(words, client, containers), 0);
    t.is(out(), expected);
  }
  t.deepEqual(roots, [join(fakeClient().client.cwd, 'r'), '/run/thaw/oci', '/run/thaw/oci']);
});

test('an error is a line on stderr, and one in the log in the format asked for', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-oci-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const log = join(folder, 'log');
  const containers = {
    find: () => {
      throw new OciError('ERR_OCI_NOT_FOUND', 'container "x" does not exist');
    },
  } as unknown as OciContainers;
  for (const format of ['json', 'text']) {
    const { client, err } = fakeClient();
    const words = ['--log', log, '--log-format', format, 'state', 'x'];
    t.is(await runOci(words, client, containers), 1);
    t.is(err(), 'thaw-oci: container "x" does not exist\n');
  }
  const [json = '', text = ''] = (await readFile(log, 'utf8')).trim().split('\n');
  t.like(JSON.parse(json), { level: 'error', msg: 'container "x" does not exist' });
  t.regex(text, /^time="[^"]+" level=error msg="container \\"x\\" does not exist"$/);
  const { client, err } = fakeClient();
  t.is(await runOci(['--log', '/nowhere/log', 'state', 'x'], client, containers), 1);
  t.regex(err(), /Cannot write the log: ENOENT/);
});

test('cgroups by path and as systemd names them stay below the root', (t) => {
  t.is(cgroupFolder('/a/b'), '/sys/fs/cgroup/a/b');
  t.is(cgroupFolder('a'), '/sys/fs/cgroup/a');
  t.is(cgroupFolder('/../../etc'), '/sys/fs/cgroup/etc');
  t.is(cgroupFolder('machine.slice:libpod:x'), '/sys/fs/cgroup/machine.slice/libpod-x.scope');
  t.is(cgroupFolder(':docker:x'), '/sys/fs/cgroup/system.slice/docker-x.scope');
});
