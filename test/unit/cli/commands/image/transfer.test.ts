// SPDX-License-Identifier: Apache-2.0
// thaw pull, push, save and load: their requests to the engine, and command lines they refuse.

import test from 'ava';
import { commandLine as line } from '../../../../support/cli/command-line.js';

const TERMINAL = { isTerminal: { stdin: true, stdout: true, stderr: true } };

test('pull shows its progress and then the id; --quiet the id alone', async (t) => {
  for (const [words, progress] of [
    ['pull busybox', 'Copying\n'],
    ['pull -q busybox', ''],
    ['image pull --quiet busybox', ''],
  ] as const) {
    const { status, out, err, calls } = await line(words);
    t.is(status, 0);
    t.is(out, `${'cd'.repeat(32)}\n`);
    t.is(err, progress);
    t.deepEqual(calls, [['pull', 'busybox', { tlsVerify: true }]]);
  }
  t.is((await line('pull a b')).calls.length, 2);
});

test('push goes where the name says, or where it is told', async (t) => {
  t.deepEqual((await line('push host/app')).calls, [
    ['pushImage', 'host/app', undefined, { tlsVerify: true }],
  ]);
  const { calls } = await line('image push --tls-verify=false --authfile a.json app oci:./x', {
    client: { cwd: '/home' },
  });
  t.deepEqual(calls, [
    ['pushImage', 'app', 'oci:./x', { tlsVerify: false, authFile: '/home/a.json' }],
  ]);
  t.is((await line('push')).status, 2);
});

test('save writes to a file, or to an output that is no terminal', async (t) => {
  t.deepEqual((await line('save -o x.tar web')).calls, [
    ['saveImage', 'web', { format: 'docker-archive', path: 'x.tar' }],
  ]);
  for (const words of ['save web', 'save -o - web', 'image save --output /dev/stdout web'])
    t.deepEqual((await line(words)).calls, [['saveImage', 'web', { format: 'docker-archive' }]]);
  for (const words of ['save --format oci-dir web', 'save --format tar -o x web', 'save -o x'])
    t.is((await line(words)).status, 2, words);
  const refused = await line('save web', { client: TERMINAL });
  t.is(refused.status, 2);
  t.regex(refused.err, /terminal: name a file with --output/);
});

test('load reads a file, or an input that is no terminal, and says what it got', async (t) => {
  const { out, calls } = await line('load -i x.tar');
  t.is(out, 'Loaded image: busybox:latest\n');
  t.deepEqual(calls, [['loadImages', 'x.tar']]);
  for (const words of ['load', 'load --input -', 'image load -i /dev/stdin'])
    t.deepEqual((await line(words)).calls, [['loadImages', undefined]]);
  t.is((await line('load', { client: TERMINAL })).status, 2);
});
