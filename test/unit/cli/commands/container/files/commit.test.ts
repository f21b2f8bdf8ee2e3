// SPDX-License-Identifier: Apache-2.0
// thaw commit: its changes become the image's config.

import test from 'ava';
import {
  commitCommand,
  parseChange,
} from '../../../../../../toolstack/cli/commands/container/files/commit.js';
import { parseCommand } from '../../../../../../toolstack/cli/options/parse.js';
import { fakeClient, fakeEngine } from '../../../../../support/cli/fake-engine.js';

const changed = (...texts: string[]) =>
  texts.map(parseChange).reduce<object>((config, change) => change({ ...config }), {});

test('instructions are those of a Dockerfile', (t) => {
  t.deepEqual(changed('CMD ["a", "b"]'), { Cmd: ['a', 'b'] });
  t.deepEqual(changed('CMD a b'), { Cmd: ['/bin/sh', '-c', 'a b'] });
  t.deepEqual(changed('cmd=["a"]'), { Cmd: ['a'] });
  t.deepEqual(changed('ENTRYPOINT ["x"]', 'USER 7', 'WORKDIR /w', 'STOPSIGNAL INT'), {
    Entrypoint: ['x'],
    User: '7',
    WorkingDir: '/w',
    StopSignal: 'INT',
  });
  t.deepEqual(changed('ENV A=1', 'ENV B 2', 'ENV A="3 4"'), { Env: ['B=2', 'A=3 4'] });
  t.deepEqual(changed('EXPOSE 80 53/udp', 'EXPOSE 81'), {
    ExposedPorts: { '80/tcp': {}, '53/udp': {}, '81/tcp': {} },
  });
  t.deepEqual(changed('LABEL k=v', 'LABEL k2="v 2"'), { Labels: { k: 'v', k2: 'v 2' } });
  t.deepEqual(changed('VOLUME /a /b', 'VOLUME ["/c"]'), {
    Volumes: { '/a': {}, '/b': {}, '/c': {} },
  });
});

test('others are refused', (t) => {
  for (const text of ['RUN true', 'CMD', 'CMD ', '', 'LABEL =v'])
    t.throws(() => parseChange(text), { code: 'ERR_USAGE' }, text);
});

test('the id of the image is printed', async (t) => {
  const { engine, calls } = fakeEngine();
  const { client, out } = fakeClient();
  const words = ['-a', 'me', '-m', 'why', '-c', 'USER 7', 'web', 'team/app'];
  t.is(await commitCommand.run(parseCommand(commitCommand, words), client, engine), 0);
  t.like(calls[0], [
    'commit',
    'web',
    { image: 'team/app', author: 'me', message: 'why', pauses: false },
  ]);
  await commitCommand.run(parseCommand(commitCommand, ['-p', 'web']), client, engine);
  t.like(calls[1], ['commit', 'web', { pauses: true }]);
  t.notRegex(out(), /sha256:/);
});
