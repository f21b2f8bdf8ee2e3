// SPDX-License-Identifier: Apache-2.0
// thaw volume create, ls, inspect, rm and prune, with podman's output.

import test from 'ava';
import { VolumeError } from '../../../../../toolstack/volume/index.js';
import { commandLine as line } from '../../../../support/cli/command-line.js';
import { inputOf } from '../../../../support/cli/fake-engine.js';

test('create prints the name, and takes a size and labels', async (t) => {
  const { out, calls } = await line('volume create --opt size=1g --label a=b data');
  t.is(out, 'data\n');
  t.deepEqual(calls, [['volumeCreate', { name: 'data', sizeBytes: 2 ** 30, labels: { a: 'b' } }]]);
  t.is((await line('volume create')).out, 'ab12\n');
  t.is((await line('volume create --opt type=nfs data')).status, 2);
});

test('ls is a table, names, or what a template says', async (t) => {
  t.regex((await line('volume ls')).out, /^DRIVER +VOLUME NAME +CONTAINERS\nlocal +data +web\n$/);
  t.is((await line('volume ls -q')).out, 'data\n');
  t.is((await line('volume ls --format {{.Name}}:{{.Driver}}')).out, 'data:local\n');
  t.is((JSON.parse((await line('volume ls --format json')).out) as unknown[]).length, 1);
});

test('inspect prints what is known', async (t) => {
  const { out } = await line('volume inspect -f {{.Mountpoint}} data');
  t.is(out, '/var/lib/thaw/volumes/data/_data\n');
});

test("rm has podman's statuses", async (t) => {
  for (const [code, status] of [
    ['ERR_VOLUME_NOT_FOUND', 1],
    ['ERR_VOLUME_USED', 2],
    ['ERR_VOLUME_DISK', 125],
  ] as const) {
    const volumeRemove = () => Promise.reject(new VolumeError(code, 'No'));
    t.is((await line('volume rm data', { engine: { volumeRemove } })).status, status);
  }
  t.deepEqual((await line('volume rm -f data')).calls, [['volumeRemove', 'data', true]]);
});

test('prune asks, and leaves what a container has', async (t) => {
  const answering = (text: string) => ({ client: { input: () => inputOf(text) } });
  const { out, calls } = await line('volume prune', answering('y\n'));
  t.regex(out, /^WARNING! /);
  t.deepEqual(calls, [['volumes']]);
  t.deepEqual((await line('volume prune', answering('n\n'))).calls, []);
});
