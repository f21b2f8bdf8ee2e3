// SPDX-License-Identifier: Apache-2.0
// A shim is started apart from thawd, with its messages in its folder.

import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { asDomid } from '../../../toolstack/base/ids.js';
import { shimSocket, startShim } from '../../../toolstack/sandbox/shim-process.js';
import { until } from '../../support/within.js';

async function folderOf(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-shim-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('the program gets domain, channel and folder, in a session of its own', async (t) => {
  const folder = await folderOf(t);
  const program = join(folder, 'program');
  await writeFile(
    program,
    '#!/bin/sh\necho "$@"\npwd\ncut -d" " -f6 /proc/$$/stat >&2\necho end\n',
  );
  await chmod(program, 0o755);
  const pid = await startShim(program, asDomid(7), folder);
  const log = () => readFile(join(folder, 'shim.log'), 'utf8');
  await until('it has spoken', async () => (await log()).endsWith('end\n'));
  const [args, cwd, session] = (await log()).split('\n');
  t.is(args, `--domid 7 --vchan /local/domain/7/data/thaw/data --dir ${folder}`);
  t.is(cwd, '/');
  t.is(session, String(pid));
  t.is(shimSocket(folder), join(folder, 'shim.sock'));
});

test('a program that is not there, or cannot be run, is said to be so', async (t) => {
  const folder = await folderOf(t);
  const start = (program: string) => startShim(program, asDomid(7), folder);
  await t.throwsAsync(start('/nonexistent/thaw-shim'), { code: 'ERR_SHIM_START' });
  await writeFile(join(folder, 'text'), 'no program', { mode: 0o644 });
  await t.throwsAsync(start(join(folder, 'text')), { code: 'ERR_SHIM_START' });
});
