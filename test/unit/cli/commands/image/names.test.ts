// SPDX-License-Identifier: Apache-2.0
// thaw tag, untag, rmi and image exists return podman's exit statuses.

import test from 'ava';
import { ThawError } from '../../../../../toolstack/base/errors.js';
import { commandLine as line } from '../../../../support/cli/command-line.js';
import { IMAGE } from '../../../../support/cli/fake-engine.js';

const failing = (code: string) => () => Promise.reject(new ThawError(code, 'no'));

test('tag and untag', async (t) => {
  for (const prefix of ['', 'image ']) {
    t.deepEqual((await line(`${prefix}tag web a b`)).calls, [['tagImage', 'web', ['a', 'b']]]);
    t.deepEqual((await line(`${prefix}untag web`)).calls, [['untagImage', 'web', []]]);
  }
  t.is((await line('tag web')).status, 2);
});

test('rmi says what it did, image by image', async (t) => {
  const { out, calls } = await line('rmi a b');
  t.is(out, 'Deleted\nDeleted\n');
  t.deepEqual(calls, [
    ['removeImage', 'a', { force: false }],
    ['removeImage', 'b', { force: false }],
  ]);
  t.deepEqual((await line('image rm -f a')).calls, [['removeImage', 'a', { force: true }]]);
  const all = await line('rmi --all', {
    engine: { images: () => Promise.resolve([IMAGE, { ...IMAGE, names: [] }]) },
  });
  t.deepEqual(
    all.calls.map(([, name]) => name),
    ['busybox:latest', IMAGE.id],
  );
  for (const words of ['rmi', 'rmi --all web']) t.is((await line(words)).status, 2);
});

test('rmi ends as podman does, and goes on after a failure', async (t) => {
  for (const [code, words, status] of [
    ['ERR_IMAGE_NOT_FOUND', 'rmi a', 1],
    ['ERR_IMAGE_NOT_FOUND', 'rmi -i a', 0],
    ['ERR_IMAGE_NOT_FOUND', 'rmi -f a', 0],
    ['ERR_IMAGE_IN_USE', 'rmi a', 2],
    ['ERR_IMAGE_NOSPACE', 'rmi a', 125],
  ] as const)
    t.is((await line(words, { engine: { removeImage: failing(code) } })).status, status, code);
  const { status, out, err } = await line('rmi a b', {
    engine: {
      removeImage: (name) =>
        name === 'a' ? failing('ERR_IMAGE_IN_USE')() : Promise.resolve(['Deleted']),
    },
  });
  t.deepEqual({ status, out, err }, { status: 2, out: 'Deleted\n', err: 'thaw: no\n' });
});

test('image exists tells by its status alone', async (t) => {
  const { status, out, err } = await line('image exists web');
  t.deepEqual({ status, out, err }, { status: 0, out: '', err: '' });
  const missing = { engine: { inspectImage: failing('ERR_IMAGE_NOT_FOUND') } };
  t.like(await line('image exists web', missing), { status: 1, out: '', err: '' });
  const broken = { engine: { inspectImage: failing('ERR_IMAGE_REFERENCE') } };
  t.is((await line('image exists web', broken)).status, 125);
});
