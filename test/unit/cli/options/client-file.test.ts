// SPDX-License-Identifier: Apache-2.0
// A named file is read completely or refused. No file keeps thawd waiting.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { readClientFile } from '../../../../toolstack/cli/options/client-file.js';
import { fakeClient } from '../../../support/cli/fake-engine.js';

const folder = mkdtempSync(join(tmpdir(), 'thaw-client-file-'));
test.after.always(() => rmSync(folder, { recursive: true, force: true }));
const { client } = fakeClient({ cwd: folder });
const read = (path: string) => readClientFile('--env-file', path, client);

test('a file in the client’s folder, or anywhere', (t) => {
  writeFileSync(join(folder, 'env'), 'A=ä\n');
  t.is(read('env'), 'A=ä\n');
  t.is(read(join(folder, 'env')), 'A=ä\n');
  writeFileSync(join(folder, 'full'), Buffer.alloc(2 ** 20, 'x'));
  t.is(read('full').length, 2 ** 20);
});

test('what is no file, or too large, is refused at once', (t) => {
  execFileSync('mkfifo', [join(folder, 'fifo')]);
  writeFileSync(join(folder, 'large'), Buffer.alloc(2 ** 20 + 1));
  for (const path of ['none', 'fifo', 'large', '.', '/dev/zero', '/proc/kcore'])
    t.throws(() => read(path), { code: 'ERR_USAGE', message: new RegExp(`--env-file ${path}: `) });
});
