// SPDX-License-Identifier: Apache-2.0
// The engine's image commands: podman's output, and removal of containers before their image.

import test from 'ava';
import { fakeClient } from '../../../support/cli/fake-engine.js';
import { engineWithImage } from '../../../support/image/engine.js';

const { client } = fakeClient();

test('an image is inspected in podman’s words', async (t) => {
  const { id, engine } = await engineWithImage(t);
  await engine.tagImage(id, ['localhost:5000/app:1', 'app'], client);
  const image = await engine.inspectImage('app', client);
  t.like(image, { Id: id.slice(7), Os: 'linux', User: 'nobody', Labels: { team: 'a' } });
  t.deepEqual(image.Config, { Cmd: ['sh'], Labels: { team: 'a' }, User: 'nobody' });
  t.deepEqual(image.RepoTags.slice(0, 2), ['docker.io/library/app:latest', 'localhost:5000/app:1']);
  t.deepEqual(image.RepoDigests, [
    `docker.io/library/app@${image.Digest}`,
    `localhost:5000/app@${image.Digest}`,
  ]);
  t.is(image.RootFS.Layers.length, 1);
});

test('an image with a container goes with force alone, and its container before it', async (t) => {
  const { id, engine, use, removed } = await engineWithImage(t);
  use();
  t.is((await engine.images())[0]?.containers, 1);
  const refused = engine.removeImage(id, { force: false }, client);
  await t.throwsAsync(refused, { code: 'ERR_IMAGE_IN_USE' });
  t.deepEqual(await engine.pruneImages(true), { images: [], bytes: 0 });
  await engine.removeImage(id, { force: true }, client);
  t.is(removed.length, 1);
  t.deepEqual(await engine.images(), []);
});
