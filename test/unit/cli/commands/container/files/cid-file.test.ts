// SPDX-License-Identifier: Apache-2.0
// --cidfile writes the id to a new file, and leaves an existing file alone.

import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { Engine } from '../../../../../../toolstack/api/engine.js';
import { commandLine } from '../../../../../support/cli/command-line.js';

const cwd = mkdtempSync(join(tmpdir(), 'thaw-cid-'));
test.after.always(() => rmSync(cwd, { recursive: true, force: true }));

const telling: Partial<Engine> = {
  run: (options) => {
    options.onId?.('ab12');
    return Promise.resolve({ joined: true });
  },
  create: (options) => {
    options.onId?.('cd34');
    return Promise.resolve('cd34');
  },
};
const line = (words: string, engine: Partial<Engine> = telling) =>
  commandLine(words, { client: { cwd }, engine });

test('the id is all that the file has', async (t) => {
  t.is((await line('run --cidfile run.id image')).status, 0);
  t.is(readFileSync(join(cwd, 'run.id'), 'utf8'), 'ab12');
  t.is((await line(`create --cidfile ${cwd}/create.id image`)).status, 0);
  t.is(readFileSync(join(cwd, 'create.id'), 'utf8'), 'cd34');
});

test('what is there already, or cannot be made, is refused before there is a container', async (t) => {
  writeFileSync(join(cwd, 'old.id'), 'old');
  symlinkSync(join(cwd, 'elsewhere'), join(cwd, 'link.id'));
  for (const name of ['old.id', 'link.id', 'none/x.id']) {
    const { status, err, calls } = await line(`run --cidfile ${name} image`, {});
    t.is(status, 125, name);
    t.regex(err, /^thaw: Cannot use --cidfile /);
    t.deepEqual(calls, []);
  }
  t.is(readFileSync(join(cwd, 'old.id'), 'utf8'), 'old');
  t.false(existsSync(join(cwd, 'elsewhere')));
});

test('where there came no container, there is no file', async (t) => {
  const failing = { run: () => Promise.reject(new Error('no')) };
  t.not((await line('run --cidfile gone.id image', failing)).status, 0);
  t.false(existsSync(join(cwd, 'gone.id')));
});
