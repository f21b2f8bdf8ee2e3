// SPDX-License-Identifier: Apache-2.0
// An image's config and a command line become the process.

import test from 'ava';
import type { Client, RunOptions } from '../../../../toolstack/api/engine.js';
import { BOUND_FILES } from '../../../../toolstack/runtime/create/guest-config.js';
import { planStart, processFlags } from '../../../../toolstack/runtime/create/first-process.js';
import type { Image } from '../../../../toolstack/image/index.js';
import { containerRecord } from '../../../support/runtime/container-record.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';

const options: RunOptions = {
  ...CREATE_OPTIONS,
  image: 'x',
  rm: true,
  detach: false,
};
const image = {
  config: {
    entrypoint: ['/entry'],
    cmd: ['default'],
    env: ['PATH=/bin', 'FROM=image'],
    user: 'app',
    workingDir: '/home/app',
  },
  passwd: 'root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n',
  group: 'root:x:0:\naudio:x:29:app\n',
} as unknown as Image;

function client(env: Record<string, string> = {}): Client {
  return { env, rows: 24, cols: 80 } as unknown as Client;
}

function plan(change: Partial<RunOptions> = {}, env: Record<string, string> = {}) {
  const record = containerRecord({ flags: 3 });
  const start = planStart(record, image, { ...options, ...change }, client(env));
  const config = JSON.parse(start.config) as {
    process: { args: string[]; env: string[]; cwd: string; user: { uid: number; gid: number } };
  };
  return { record, start, process: config.process };
}

test('the image alone gives command, folder, user and groups', (t) => {
  const { process } = plan();
  t.deepEqual(process.args, ['/entry', 'default']);
  t.is(process.cwd, '/home/app');
  t.like(process.user, { uid: 1000, gid: 1000, additionalGids: [29] });
});

test('the command line wins over the image', (t) => {
  const change = { command: ['mine'], workdir: '/tmp', user: '0:5', entrypoint: '/other' };
  const { process } = plan(change);
  t.deepEqual(process.args, ['/other', 'mine']);
  t.is(process.cwd, '/tmp');
  t.like(process.user, { uid: 0, gid: 5 });
});

test('-e sets a variable, passes one on, or leaves out one that the client has not', (t) => {
  const { process } = plan(
    { env: ['FROM=me', 'EMPTY=', 'EQUALS=a=b', 'PASSED', 'MISSING'] },
    { PASSED: 'on', SECRET: 'kept' },
  );
  const env = new Map(process.env.map((item) => [item.split('=')[0], item]));
  t.is(env.get('FROM'), 'FROM=me');
  t.is(env.get('EMPTY'), 'EMPTY=');
  t.is(env.get('EQUALS'), 'EQUALS=a=b');
  t.is(env.get('PASSED'), 'PASSED=on');
  t.false(env.has('MISSING'));
  t.false(env.has('SECRET'));
  t.is(process.env.length, env.size);
});

test("HOME is the user's, HOSTNAME the container's, unless someone says otherwise", (t) => {
  t.true(plan().process.env.includes('HOME=/home/app'));
  t.true(plan({ user: '0' }).process.env.includes('HOME=/root'));
  t.true(plan({ user: '4711' }).process.env.includes('HOME=/'));
  t.true(plan().process.env.includes('HOSTNAME=host'));
  const { process } = plan({ env: ['HOME=/x', 'HOSTNAME=y'] });
  t.true(process.env.includes('HOME=/x') && process.env.includes('HOSTNAME=y'));
  t.is(process.env.filter((item) => item.startsWith('HOME=')).length, 1);
});

test('a user or a command that does not exist is refused', (t) => {
  t.throws(() => plan({ user: 'nobody' }), { code: 'ERR_IMAGE_USER' });
  t.throws(() => plan({ user: 'app:none' }), { code: 'ERR_IMAGE_USER' });
  t.throws(() => plan({ entrypoint: '' }), { code: 'ERR_IMAGE_COMMAND' });
  t.throws(() => plan({ workdir: 'relative' }), { code: 'ERR_IMAGE_COMMAND' });
});

test('all files that the config binds are sent along', (t) => {
  const { start, record } = plan();
  t.deepEqual(Object.keys(start.files).sort(), [...BOUND_FILES].sort());
  t.is(start.files['hostname'], 'host\n');
  t.is(start.files['machine-id'], `${record.sandbox.machineId}\n`);
  t.regex(start.files['hosts'] ?? '', /^127\.0\.0\.1 .*\bhost$/m);
});

test('the process has the flags of its record and the size of the terminal', (t) => {
  const { start, record } = plan();
  t.like(start, { process: 1, flags: record.flags, rows: 24, cols: 80 });
  t.is(start.container, record.sandbox.id);
});

test('flags say whether there is input and a terminal', (t) => {
  t.is(processFlags(options), 0);
  t.is(processFlags({ ...options, interactive: true }), 1);
  t.is(processFlags({ ...options, tty: true }), 2);
  t.is(processFlags({ ...options, interactive: true, tty: true }), 3);
});
