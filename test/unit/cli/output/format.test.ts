// SPDX-License-Identifier: Apache-2.0
// --format prints fields of each item within text, or columns.

import test from 'ava';
import { fieldNames, renderEach } from '../../../../toolstack/cli/output/format.js';

const items = [
  { ID: 'a', State: { Running: true }, Labels: { k: 'v', l: '' }, Args: ['x', 'y'], None: null },
  { ID: 'bb', State: { Running: false }, Labels: {}, Args: [], None: null },
];

test('each item is a line', (t) => {
  t.is(renderEach('{{.ID}}={{.State.Running}}', items), 'a=true\nbb=false\n');
  t.is(renderEach('{{ .ID }}\\t!', items), 'a\t!\nbb\t!\n');
  t.is(renderEach('text', items), 'text\ntext\n');
});

test('lists and maps look as Go prints them, or are JSON', (t) => {
  t.is(renderEach('{{.Labels}} {{.Args}}{{.None}}', items), 'map[k:v l:] [x y]\nmap[] []\n');
  t.is(renderEach('{{json .Labels}}', items), '{"k":"v","l":""}\n{}\n');
  t.is(renderEach('{{json .}}', [{ a: 1 }]), '{"a":1}\n');
});

test('a table has heads and columns', (t) => {
  t.is(
    renderEach('table {{.ID}}\\t{{.State.Running}}', items),
    'ID   RUNNING\na    true\nbb   false\n',
  );
});

test('what is no field or no template is refused by name', (t) => {
  t.throws(() => renderEach('{{.Nix}}', items), { message: /\.Nix.*there is no Nix.*ID, State/ });
  t.throws(() => renderEach('{{.ID.More}}', items), { message: /no More/ });
  for (const bad of ['{{range .Args}}', '{{ID}}', '{{.ID | upper}}'])
    t.throws(() => renderEach(bad, items), { code: 'ERR_USAGE' }, bad);
});

test('names of JSON become names of fields, all the way down', (t) => {
  t.deepEqual(fieldNames({ one: 1, inner: { two: [{ three: null }, 'x'] } }), {
    One: 1,
    Inner: { Two: [{ Three: null }, 'x'] },
  });
});
