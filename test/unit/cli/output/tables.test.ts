// SPDX-License-Identifier: Apache-2.0
// Lists are aligned for people and JSON for programs, and contain no control characters.

import test from 'ava';
import type { ContainerSummary } from '../../../../toolstack/api/engine.js';
import { runCommandLine } from '../../../../toolstack/cli/main.js';
import { formatTable } from '../../../../toolstack/cli/output/table.js';
import {
  CONTAINER,
  fakeClient,
  fakeEngine,
  IMAGE,
  INFO,
} from '../../../support/cli/fake-engine.js';

async function shown(words: string, containers?: ContainerSummary[]): Promise<string> {
  const { engine } = fakeEngine(containers ? { list: () => containers } : {});
  const { client, out } = fakeClient();
  await runCommandLine(words.split(' '), client, engine);
  return out();
}

test('columns are as wide as their widest cell, and no line ends in blanks', (t) => {
  t.is(
    formatTable(
      ['A', 'LONG', 'C'],
      [
        ['aaa', 'b', 'c'],
        ['a', 'b', ''],
      ],
    ),
    'A     LONG   C\naaa   b      c\na     b\n',
  );
  t.is(formatTable(['A', 'B'], []), 'A   B\n');
});

test('ps shows name, domain and state', async (t) => {
  const container = { ...CONTAINER, created: Date.now() - 5000 };
  const [head = '', row = ''] = (await shown('ps', [container])).split('\n');
  for (const word of ['CONTAINER ID', 'DOMID', 'NAME']) t.true(head.includes(word));
  for (const word of ['abababababab ', ' 7 ', 'pvh', '64 MiB', 'Up 5 seconds', '5 seconds ago'])
    t.true(row.includes(word), word);
  t.true(row.endsWith('web'));
});

test('ps says how a container ended', async (t) => {
  const ended = (change: Partial<ContainerSummary>) => ({ ...CONTAINER, ...change });
  const text = await shown('ps --all', [
    ended({ state: 'exited', exitStatus: 137 }),
    ended({ state: 'lost', reason: 'domain destroyed' }),
    ended({ state: 'creating' }),
    ended({ state: 'removing' }),
  ]);
  for (const word of ['Exited (137)', 'Lost: domain destroyed', 'Starting', 'Removing'])
    t.true(text.includes(word), word);
});

test('a command is cut, and cannot drive the terminal', async (t) => {
  const command = ['sh', '-c', `\u001b[2J\n${'x'.repeat(100)}`];
  const text = await shown('ps', [{ ...CONTAINER, command }]);
  t.is(text.split('\n').length, 3);
  t.false(text.includes('\u001b'));
  t.false(text.includes('x'.repeat(31)));
});

test('--quiet is ids alone, --json is all there is', async (t) => {
  t.is(await shown('ps -q'), `${CONTAINER.id.slice(0, 12)}\n`);
  t.is(await shown('images -q'), `${'cd'.repeat(6)}\n`);
  t.deepEqual(JSON.parse(await shown('ps --json')), [CONTAINER]);
  t.deepEqual(JSON.parse(await shown('images --json')), [IMAGE]);
  t.deepEqual(JSON.parse(await shown('info --json')), INFO);
});

test('images shows names, size and age', async (t) => {
  const [, row = ''] = (await shown('images')).split('\n');
  for (const word of ['cdcdcdcdcdcd', 'busybox ', ' latest ', '2 MiB', 'years ago'])
    t.true(row.includes(word), word);
});

test('info shows the host and its templates', async (t) => {
  const text = await shown('info');
  for (const word of ['4.20.0 (pv hap)', '2 CPUs, 4 GiB, 2 GiB free', 'pvh, 256 MiB', '1 running'])
    t.true(text.includes(word), word);
  t.regex(text, /^template: +k: pvh/m);
});

test('info and version by a template', async (t) => {
  const { engine } = fakeEngine();
  const by = async (...words: string[]) => {
    const { client, out } = fakeClient();
    t.is(await runCommandLine(words, client, engine), 0);
    return out();
  };
  t.is(
    await by('info', '--format', '{{.Xen.Version}} {{.Host.Cpus}} {{.Images}}'),
    `${INFO.xen.version} ${INFO.host.cpus} ${INFO.images}\n`,
  );
  t.deepEqual(JSON.parse(await by('info', '-f', 'json')), INFO);
  t.is(await by('version', '--format', '{{.Server.Version}} {{.Xen.Version}}'), '0.0.0 4.20.0\n');
  t.like(JSON.parse(await by('version', '--format', 'json')), { Xen: { Version: '4.20.0' } });
});

test('ps and events say why thaw itself paused a container', async (t) => {
  const pausedBy = 'the file system of / is nearly full';
  const text = await shown('ps', [
    { ...CONTAINER, state: 'paused', pausedBy },
    { ...CONTAINER, state: 'paused' },
  ]);
  t.regex(text, /Paused: the file system of \/ is nearly full {3}/);
  t.regex(text, /Paused {3}/);
  const { engine } = fakeEngine({
    events: ({ tell }) => {
      const { id, name, image } = CONTAINER;
      const event = { time: 0, type: 'container', action: 'pause', id, name, image } as const;
      tell({ ...event, reason: pausedBy });
      tell(event);
      return Promise.resolve();
    },
  });
  const { client, out } = fakeClient();
  t.is(await runCommandLine(['events', '--no-follow'], client, engine), 0);
  t.regex(out(), /name=web, reason=the file system of \/ is nearly full\)\n.*name=web\)\n$/);
});

test('info shows each disk with its reserve', async (t) => {
  t.regex(
    await shown('info'),
    /^disk: +\/var: 16 GiB free of 32 GiB, reserve 1 GiB \(images, writable layers\)$/m,
  );
});
