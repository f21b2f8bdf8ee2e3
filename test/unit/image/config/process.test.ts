// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import type { ImageConfig } from '../../../../toolstack/image/config/manifest.js';
import { DEFAULT_PATH, mergeProcess } from '../../../../toolstack/image/config/process.js';

const empty: ImageConfig = {
  env: [],
  cmd: [],
  entrypoint: [],
  user: '',
  workingDir: '',
  exposedPorts: [],
  labels: {},
  volumes: [],
};
const both: ImageConfig = { ...empty, entrypoint: ['/init', '--'], cmd: ['serve'] };

test('entrypoint and command combine as in podman', (t) => {
  const cases: [ImageConfig, { entrypoint?: string; command?: string[] }, string[]][] = [
    [both, {}, ['/init', '--', 'serve']],
    [both, { command: ['sh', '-c', 'x'] }, ['/init', '--', 'sh', '-c', 'x']],
    [both, { entrypoint: 'sh' }, ['sh']],
    [both, { entrypoint: 'sh', command: ['-c', 'x'] }, ['sh', '-c', 'x']],
    [both, { entrypoint: '["sh","-e"]', command: ['x'] }, ['sh', '-e', 'x']],
    [both, { entrypoint: '[broken' }, ['[broken']],
    [both, { entrypoint: '[]' }, ['serve']],
    [both, { entrypoint: '', command: ['true'] }, ['true']],
    [{ ...empty, cmd: ['bash'] }, {}, ['bash']],
    [{ ...empty, cmd: ['bash'] }, { command: ['ls'] }, ['ls']],
    [{ ...empty, entrypoint: ['/init'] }, {}, ['/init']],
  ];
  for (const [config, request, args] of cases)
    t.deepEqual(mergeProcess(config, request).args, args);
});

test('nothing to run is an error that says what to do', (t) => {
  t.throws(() => mergeProcess(empty, {}), { code: 'ERR_IMAGE_COMMAND', message: /add a command/ });
  t.throws(() => mergeProcess(both, { entrypoint: '' }), { code: 'ERR_IMAGE_COMMAND' });
});

test('the command line’s environment wins over the image’s, which wins over the defaults', (t) => {
  const config = { ...both, env: ['PATH=/image', 'A=image', 'B=image=2', 'TERM=dumb'] };
  const { env } = mergeProcess(config, {
    env: ['A=line', 'C='],
    tty: true,
    hostname: 'h',
    home: '/root',
  });
  t.deepEqual([...env].sort(), [
    'A=line',
    'B=image=2',
    'C=',
    'HOME=/root',
    'HOSTNAME=h',
    'PATH=/image',
    'TERM=dumb',
  ]);
});

test('without anything there is a PATH, with a terminal a TERM', (t) => {
  t.deepEqual(mergeProcess(both, {}).env, [`PATH=${DEFAULT_PATH}`]);
  t.deepEqual(mergeProcess(both, { tty: true }).env, [`PATH=${DEFAULT_PATH}`, 'TERM=xterm']);
});

test('HOME of image or command line stays', (t) => {
  t.true(
    mergeProcess({ ...both, env: ['HOME=/image'] }, { home: '/root' }).env.includes('HOME=/image'),
  );
});

test('an environment variable without a name or value is refused', (t) => {
  for (const bad of ['A', '=x', ''])
    t.throws(() => mergeProcess(both, { env: [bad] }), { code: 'ERR_IMAGE_COMMAND' });
});

test('the working directory is the command line’s, the image’s, or /', (t) => {
  t.is(mergeProcess(both, {}).cwd, '/');
  t.is(mergeProcess({ ...both, workingDir: '/srv' }, {}).cwd, '/srv');
  t.is(mergeProcess({ ...both, workingDir: '/srv' }, { workdir: '/tmp' }).cwd, '/tmp');
  t.throws(() => mergeProcess(both, { workdir: 'tmp' }), { code: 'ERR_IMAGE_COMMAND' });
});
