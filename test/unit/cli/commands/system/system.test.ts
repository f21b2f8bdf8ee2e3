// SPDX-License-Identifier: Apache-2.0
// thaw image prune, system df and system prune ask for confirmation, then report the removed objects.

import test from 'ava';
import type { DiskUsage } from '../../../../../toolstack/api/engine.js';
import { commandLine as line } from '../../../../support/cli/command-line.js';
import { CONTAINER, IMAGE, inputOf } from '../../../../support/cli/fake-engine.js';

const answering = (text: string) => ({ client: { input: () => inputOf(text) } });

test('image prune asks, and goes by the answer', async (t) => {
  const yes = await line('image prune', answering('y\n'));
  t.regex(
    yes.out,
    /^WARNING! This command removes all dangling images\.\nAre you sure .* \[y\/N\] /,
  );
  t.true(yes.out.endsWith(`${'cd'.repeat(32)}\n`));
  t.deepEqual(yes.calls, [['pruneImages', false]]);
  for (const text of ['n\n', '\n', 'maybe']) {
    const { status, calls } = await line('image prune -a', answering(text));
    t.deepEqual({ status, calls }, { status: 0, calls: [] }, text);
  }
  const forced = await line('image prune -a -f');
  t.is(forced.out, `${'cd'.repeat(32)}\n`);
  t.deepEqual(forced.calls, [['pruneImages', true]]);
});

test('where nobody answers, nothing goes', async (t) => {
  const { status, err, calls } = await line('system prune', answering(''));
  t.is(status, 125);
  t.regex(err, /use --force/);
  t.deepEqual(calls, []);
});

test('system prune removes what has ended, and says how much that won', async (t) => {
  const usages: DiskUsage[][] = [3, 1].map((mib) => [
    { type: 'Images', total: 1, active: 0, bytes: mib * 2 ** 20, reclaimableBytes: 0 },
  ]);
  const { out, calls, status } = await line('system prune -a -f', {
    engine: {
      list: () => [CONTAINER, { ...CONTAINER, id: 'ended', state: 'exited' }],
      networks: () => [],
      usage: () => Promise.resolve(usages.shift() ?? []),
    },
  });
  t.is(status, 0);
  t.is(
    out,
    `Deleted Containers\nended\nDeleted Images\n${IMAGE.id.slice(7)}\nTotal reclaimed space: 2 MiB\n`,
  );
  t.deepEqual(calls, [['remove', 'ended', false], ['pruneImages', true], ['pruneLayers']]);
});

test('what cannot be removed keeps the rest from nothing', async (t) => {
  const { out, err, status } = await line('system prune -f', {
    engine: {
      list: () => [{ ...CONTAINER, state: 'exited' }],
      networks: () => [],
      remove: () => Promise.reject(new Error('busy')),
    },
  });
  t.is(status, 125);
  t.regex(err, /busy/);
  t.regex(out, /^Deleted Images\n/);
});

test('system df shows each kind', async (t) => {
  const [head = '', images = '', containers = ''] = (await line('system df')).out.split('\n');
  t.regex(head, /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE$/);
  t.regex(images, /^Images +2 +1 +4 MiB +1 MiB \(25%\)$/);
  t.regex(containers, /^Containers +0 +0 +0 B +0 B \(0%\)$/);
  const words = ['system', 'df', '--format', '{{.Type}} {{.Active}}'];
  t.is((await line(words)).out, 'Images 1\nContainers 0\n');
  t.is((JSON.parse((await line('system df --format json')).out) as unknown[]).length, 2);
});
