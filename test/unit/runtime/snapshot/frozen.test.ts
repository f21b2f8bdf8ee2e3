// SPDX-License-Identifier: Apache-2.0
// Options fixed by freezing an image, and options that its clones may still choose.

import test from 'ava';
import type { Client, FreezeOptions, CreateOptions } from '../../../../toolstack/api/engine.js';
import {
  checkFrozen,
  frozenFlags,
  planBegin,
  planFreeze,
} from '../../../../toolstack/runtime/snapshot/frozen.js';
import type { Image } from '../../../../toolstack/image/index.js';
import { CREATE_OPTIONS } from '../../../support/runtime/create-options.js';
import { containerRecord } from '../../../support/runtime/container-record.js';

const MIB = 2 ** 20;
const client = { env: {}, rows: 24, cols: 80 } as unknown as Client;
const image = {
  id: 'sha256:cd',
  layers: [{ erofsPath: '/l/a.erofs' }],
  size: 5 * MIB + 1,
  config: { entrypoint: [], cmd: ['serve'], env: ['PATH=/bin'], user: '', workingDir: '/' },
  passwd: '',
  group: '',
} as unknown as Image;

function plan(change: Partial<FreezeOptions> = {}, cpus = 1) {
  const options: FreezeOptions = {
    image: 'web',
    name: 'web',
    command: [],
    tty: false,
    env: [],
    pull: 'missing',
    tlsVerify: true,
    ...change,
  };
  return planFreeze(
    image,
    options,
    client,
    { type: 'pvh', memoryKib: 262144, cpus, growsBehind: true },
    4,
  );
}

const runOptions = (change: Partial<CreateOptions> = {}): CreateOptions => ({
  ...CREATE_OPTIONS,
  image: '',
  frozen: 'web',
  rm: true,
  ...change,
});

test('a frozen image has its process, its layers and room for both', (t) => {
  const frozen = plan({ env: ['A=1'] });
  const { process } = JSON.parse(frozen.start.config) as { process: { env: string[] } };
  t.deepEqual(frozen.command, ['serve']);
  t.deepEqual(frozen.layers, ['/l/a.erofs']);
  t.true(process.env.includes('A=1'));
  t.false(process.env.some((item) => item.startsWith('HOSTNAME=')));
  t.true(frozen.shape.memoryKib >= 6 * 1024 + 15 * 1024);
  t.is(frozen.shape.memoryKib % 1024, 0);
  t.deepEqual([frozen.start.rows, frozen.start.cols], [0, 0]);
});

test('its containers may be fed or not, whatever its terminal', (t) => {
  t.is(frozenFlags(plan(), runOptions()), 0);
  t.is(frozenFlags(plan(), runOptions({ interactive: true })), 1);
  t.is(frozenFlags(plan({ tty: true }), runOptions()), 2);
  t.is(frozenFlags(plan({ tty: true }), runOptions({ tty: true, interactive: true })), 3);
});

test('what was fixed when it was frozen is refused by name', (t) => {
  const refused = (change: Partial<CreateOptions>, message: RegExp, cpus = 1): void => {
    t.throws(() => checkFrozen(plan({}, cpus), runOptions(change)), { code: 'ERR_USAGE', message });
  };
  refused({ tty: true }, /--tty with --frozen web: it was frozen without a terminal/);
  refused({ type: 'pv' }, /--type pv .*as pvh/);
  refused({ cpus: 2 }, /--cpus 2 .*up to 1 whole/);
  refused({ cpus: 0.5 }, /--cpus 0.5/);
  t.notThrows(() => checkFrozen(plan({}, 2), runOptions({ cpus: 4, type: 'pvh' })));
});

test('a container begins with the names of its own sandbox', (t) => {
  const frozen = plan();
  const record = containerRecord({ flags: 1, inGuest: 'in-guest' });
  const begin = planBegin(record, client);
  t.is(begin.container, 'in-guest');
  t.is(begin.hostname, 'host');
  t.deepEqual([begin.flags, begin.rows, begin.cols], [1, 24, 80]);
  t.is(begin.files['machine-id'], `${record.sandbox.machineId}\n`);
  t.deepEqual(Object.keys(begin.files).sort(), Object.keys(frozen.start.files).sort());
});
