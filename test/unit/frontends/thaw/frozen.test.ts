// SPDX-License-Identifier: Apache-2.0
// A disk without room for a frozen image refuses it before anything is made or stands still.

import test from 'ava';
import { shortageError } from '../../../../toolstack/disk/index.js';
import { freeze, freezeContainer } from '../../../../toolstack/frontends/thaw/frozen.js';
import { Container } from '../../../../toolstack/runtime/lifecycle/container.js';
import { copiedSandbox } from '../../../support/runtime/copied-sandbox.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

const REFUSED = { code: 'ERR_DISK_RESERVE', message: /^Cannot freeze warm: / };

test('neither an image nor a container is frozen on a disk without room', async (t) => {
  const { services, records, record, sandbox, log } = await copiedSandbox(t);
  const asked: [string, number][] = [];
  const refuse = (path: string, action: string, neededBytes = 0): Promise<never> => {
    asked.push([path, neededBytes]);
    return Promise.reject(
      shortageError(action, { path, freeBytes: 1, reserveBytes: 2, neededBytes }),
    );
  };
  services.sandbox.reserve.check = refuse;
  services.sandbox.reserve.holding = refuse;
  services.frozen = {
    folder: '/frozen',
    freeze: () => Promise.reject(new Error('It was made')),
    keep: () => Promise.reject(new Error('It was kept')),
  } as unknown as typeof services.frozen;
  const container = new Container(record, records, services.log);
  container.sandbox = sandbox;
  const resolve = services.images.resolve.bind(services.images);
  services.images.resolve = async (name) => ({ ...(await resolve(name)), size: 2 ** 20 });
  const { client } = fakeClient();
  const options = { name: 'warm', after: '' };
  await t.throwsAsync(freezeContainer(services, container, options, client), REFUSED);
  t.deepEqual([log, record.state], [[], 'running']);
  const image = {
    name: 'warm',
    image: 'busybox',
    command: [],
    env: [],
    tty: false,
    pull: 'missing',
  };
  await t.throwsAsync(freeze(services, image as never, client), REFUSED);
  t.is(asked[0]?.[0], '/frozen');
  t.is(asked[0]?.[1], record.sandbox.memoryKib * 1024);
  t.true((asked[1]?.[1] ?? 0) > 0);
});
