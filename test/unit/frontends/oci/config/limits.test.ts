// SPDX-License-Identifier: Apache-2.0
// Reads limits from linux.resources and from update's options.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { changesOf, limitsOf } from '../../../../../toolstack/frontends/oci/config/limits.js';
import { changeOf } from '../../../../../toolstack/frontends/oci/command-line/update-options.js';
import { fakeClient } from '../../../../support/cli/fake-engine.js';

test('memory, CPU time, processes; what is not above 0 is none', (t) => {
  t.deepEqual(limitsOf({}), {});
  t.deepEqual(
    limitsOf({ memory: { limit: 5 }, cpu: { quota: 150_000, period: 50_000 }, pids: { limit: 7 } }),
    { memoryBytes: 5, cpus: 3, pids: 7 },
  );
  t.deepEqual(limitsOf({ cpu: { quota: 50_000 } }), { cpus: 0.5 });
  t.deepEqual(limitsOf({ memory: { limit: -1 }, cpu: { quota: -1 }, pids: { limit: 0 } }), {});
});

test('of an update a number below 0 takes a limit away, and 0 changes nothing', (t) => {
  const all = (value: number) =>
    changesOf({ memory: { limit: value }, cpu: { quota: value }, pids: { limit: value } });
  t.deepEqual(all(-1), { memoryBytes: Infinity, cpus: Infinity, pids: Infinity });
  t.deepEqual(all(0), {});
  t.deepEqual(all(100_000), { memoryBytes: 100_000, cpus: 1, pids: 100_000 });
});

test('update’s options, a file of them, and what is neither', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-resources-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { client } = fakeClient();
  const options = { memory: '1048576', 'cpu-quota': '200000', 'cpu-period': '100000' };
  t.deepEqual(await changeOf(options, client), { memoryBytes: 1048576, cpus: 2 });
  await t.throwsAsync(changeOf({ memory: '1g' }, client), { code: 'ERR_USAGE' });
  const resources = join(folder, 'r.json');
  await writeFile(resources, '{"pids":{"limit":9}}');
  t.deepEqual(await changeOf({ resources }, client), { pids: 9 });
  await writeFile(resources, '{"memory":5}');
  await t.throwsAsync(changeOf({ resources }, client), {
    code: 'ERR_OCI_CONFIG',
    message: /linux\.resources\.memory: an object/,
  });
  await writeFile(resources, '[');
  await t.throwsAsync(changeOf({ resources }, client), { code: 'ERR_OCI_CONFIG' });
});
