// SPDX-License-Identifier: Apache-2.0
// scripts/check-deps.mjs passes a sound tree, and names each fault of a bad one.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { ROOT } from '../../support/programs.js';

/** A sound tree: two layered areas, an area with parts, an agent, bench. */
const TREE: Record<string, string> = {
  'package.json': '{"dependencies":{"winston":"1"},"devDependencies":{"ava":"1"}}',
  'toolstack/base/DEPS.list': '# nothing\n',
  'toolstack/base/text.ts': "import { join } from 'node:path';\nexport const text = join;\n",
  'toolstack/base/log.ts': "import winston from 'winston';\nexport const log = winston;\n",
  'toolstack/box/DEPS.list':
    'toolstack/base\n\n.: pool size\npool: size record.ts\nsize: record.ts\nrecord.ts:\n',
  'toolstack/box/index.ts': "export { pool } from './pool/pool.js';\n",
  'toolstack/box/record.ts': 'export interface Record {}\n',
  'toolstack/box/pool/pool.ts':
    "import type { Size } from '../size/size.js';\nexport const pool = (size: Size) => size;\n",
  'toolstack/box/size/size.ts':
    "import { text } from '../../base/text.js';\nimport type { Record } from '../record.js';\nexport type Size = Record;\n",
  'bench/main.ts': "import './measure.js';\nimport test from 'ava';\n",
  'bench/measure.ts': 'export {};\n',
  'kernels/agent/DEPS.list': 'main: freeze transport .\nfreeze: transport .\ntransport: .\n.:\n',
  'kernels/agent/proto.h': '#include <stdint.h>\n',
  'kernels/agent/main/main.c': '#include "freeze/freeze.h"\n',
  'kernels/agent/freeze/freeze.h': '#include "proto.h"\n',
  'kernels/agent/freeze/freeze.c': '#include "freeze/freeze.h"\n#include "transport/channel.h"\n',
  'kernels/agent/freeze/held_container.h': '',
  'kernels/agent/freeze/held_container.c':
    '#include "freeze/held_container.h"\n#include "freeze/freeze.h"\n',
  'kernels/agent/transport/channel.h': '#include "proto.h"\n',
  'kernels/agent/transport/channel.c': '#include "transport/channel_pieces.h"\n',
  'kernels/agent/transport/channel_pieces.h': '#include "transport/channel.h"\n',
};

function checked(t: ExecutionContext, changes: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), 'thaw-deps-'));
  t.teardown(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...TREE, ...changes })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const script = join(ROOT, 'scripts/check-deps.mjs');
  const env = { ...process.env, THAW_ROOT: root };
  const { status, stderr } = spawnSync('node', [script], { env, encoding: 'utf8' });
  return { status, problems: stderr.split('\n').slice(0, -1) };
}

test('a tree in order passes', (t) => {
  t.deepEqual(checked(t), { status: 0, problems: [] });
});

/** One change to the tree, and the complete output about it. */
const WRONG: [title: string, changes: Record<string, string>, problems: string[]][] = [
  [
    'a cycle of two files',
    {
      'toolstack/base/text.ts': "import './log.js';\n",
      'toolstack/base/log.ts': "import './text.js';\n",
    },
    ['toolstack/base/log.ts, toolstack/base/text.ts: import each other'],
  ],
  [
    'a cycle of types alone, over three files',
    {
      'bench/measure.ts': "import type { A } from './report.js';\nexport type B = A;\n",
      'bench/report.ts': "export type A = import('./main.js').C;\n",
      'bench/main.ts': "import type { B } from './measure.js';\nexport type C = B;\n",
    },
    ['bench/main.ts, bench/measure.ts, bench/report.ts: import each other'],
  ],
  [
    'an import of a room that the list does not name',
    { 'toolstack/base/text.ts': "import type { Size } from '../box/size/size.js';\n" },
    [
      'toolstack/base/text.ts: may not import from toolstack/box (see toolstack/base/DEPS.list)',
      'toolstack/base/text.ts, toolstack/box/size/size.ts: import each other',
    ],
  ],
  [
    'an import against the order of a room',
    { 'toolstack/box/size/grow.ts': "import { pool } from '../pool/pool.js';\n" },
    [
      'toolstack/box/size/grow.ts: may not import from toolstack/box/pool/pool.ts: size is not above pool (see toolstack/box/DEPS.list)',
    ],
  ],
  [
    'an import from a file with a line of its own',
    { 'toolstack/box/record.ts': "import './size/grow.js';\n", 'toolstack/box/size/grow.ts': '' },
    [
      'toolstack/box/record.ts: may not import from toolstack/box/size/grow.ts: record.ts is not above size (see toolstack/box/DEPS.list)',
    ],
  ],
  [
    'a folder of which the list says nothing',
    { 'toolstack/box/shares/shares.ts': 'export {};\n' },
    ['toolstack/box/shares/shares.ts: toolstack/box/DEPS.list has no line for its folder'],
  ],
  [
    'lists that allow a cycle of rooms',
    { 'toolstack/base/DEPS.list': 'toolstack/box\n' },
    ['toolstack/base, toolstack/box: are rooms that may import from each other'],
  ],
  [
    'a list that allows a cycle of folders, and one that names none',
    {
      'kernels/agent/DEPS.list':
        'main: freeze transport .\nfreeze: transport .\ntransport: freeze .\n.: gone\n',
    },
    [
      'kernels/agent/freeze, kernels/agent/transport: are parts of a room that may import from each other',
      'kernels/agent/DEPS.list: there is no gone',
    ],
  ],
  [
    'an include against the order',
    { 'kernels/agent/transport/store.c': '#include "freeze/held_container.h"\n' },
    [
      'kernels/agent/transport/store.c: may not import from kernels/agent/freeze/held_container.h: transport is not above freeze (see kernels/agent/DEPS.list)',
    ],
  ],
  [
    'a cycle of headers',
    {
      'kernels/agent/freeze/freeze.h': '#include "held_container.h"\n',
      'kernels/agent/freeze/held_container.h': '# include "freeze.h"\n',
    },
    [
      'kernels/agent/freeze/freeze.h, kernels/agent/freeze/held_container.h: include each other',
      'kernels/agent/freeze/freeze, kernels/agent/freeze/held_container: are modules that include each other',
    ],
  ],
  [
    'a cycle of modules by their C files',
    {
      'kernels/agent/freeze/freeze.c':
        '#include "freeze/freeze.h"\n#include "freeze/held_container.h"\n',
    },
    [
      'kernels/agent/freeze/freeze, kernels/agent/freeze/held_container: are modules that include each other',
    ],
  ],
  [
    'a header that is nowhere',
    { 'kernels/agent/main/main.c': '#include "main/main.h"\n' },
    ['kernels/agent/main/main.c: includes main/main.h, which is in no folder above it'],
  ],
  [
    'C without a list',
    { 'toolstack/shim/main.c': '' },
    ['toolstack/shim/main.c: no DEPS.list in its folder or above'],
  ],
  [
    'a package that is declared for development alone',
    { 'toolstack/base/log.ts': "import test from 'ava';\n" },
    ['toolstack/base/log.ts: imports the package ava, which package.json does not declare'],
  ],
];

for (const [title, changes, problems] of WRONG)
  test(`it refuses ${title}`, (t) => {
    t.deepEqual(checked(t, changes), { status: 1, problems });
  });

test('the tree that is here is in order', (t) => {
  const { status, stderr } = spawnSync('node', [join(ROOT, 'scripts/check-deps.mjs')], {
    encoding: 'utf8',
  });
  t.is(status, 0, stderr);
});
