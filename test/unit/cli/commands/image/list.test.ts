// SPDX-License-Identifier: Apache-2.0
// thaw images: podman's columns, a row for each name.

import test from 'ava';
import type { ImageSummary } from '../../../../../toolstack/api/engine.js';
import { commandLine } from '../../../../support/cli/command-line.js';
import { IMAGE } from '../../../../support/cli/fake-engine.js';

const TWO: ImageSummary = { ...IMAGE, names: ['docker.io/library/web:1', 'host:5000/web:2'] };
const NONE: ImageSummary = { ...IMAGE, names: [], created: '' };

async function shown(words: string | string[], images = [TWO, NONE]): Promise<string> {
  const { out } = await commandLine(words, { engine: { images: () => Promise.resolve(images) } });
  return out;
}

test('a row for each name, and one where there is none', async (t) => {
  const [head = '', ...rows] = (await shown('images')).trimEnd().split('\n');
  t.regex(head, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE$/);
  t.is(rows.length, 3);
  t.regex(rows[0] ?? '', /^docker.io\/library\/web +1 +cdcdcdcdcdcd +\d+ years ago +2 MiB$/);
  t.regex(rows[1] ?? '', /^host:5000\/web +2 +cdcdcdcdcdcd/);
  t.regex(rows[2] ?? '', /^<none> +<none> +cdcdcdcdcdcd +- +2 MiB$/);
  t.is((await shown('images -n')).split('\n').length, 4);
  t.regex(await shown('image ls --digests --no-trunc'), / sha256:(ef){32} +sha256:(cd){32} /);
});

test('a name in place of all', async (t) => {
  t.is(await shown(['images', '--format', '{{.Name}}', 'host:5000/*']), 'host:5000/web:2\n');
  t.is(await shown('images -q nothing'), '');
  t.is(await shown('images -q web'), `${'cd'.repeat(6)}\n`);
});

test('what a template may name', async (t) => {
  const format = '{{.Repository}}|{{.Tag}}|{{.ID}}|{{.Size}}|{{.Labels}}|{{.Containers}}';
  t.is(
    await shown(['images', '--format', format], [IMAGE]),
    'busybox|latest|cdcdcdcdcdcd|2 MiB|map[team:a]|1\n',
  );
  t.deepEqual(JSON.parse(await shown('images --format json', [IMAGE])), [IMAGE]);
});

test('filters choose among them', async (t) => {
  t.is(await shown('images -q --filter dangling=true'), `${'cd'.repeat(6)}\n`);
  const { status, err } = await commandLine('images --filter colour=red');
  t.is(status, 2);
  t.regex(err, /dangling, reference, before, since/);
});
