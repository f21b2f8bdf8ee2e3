// SPDX-License-Identifier: Apache-2.0
// systemd accepts thaw's units, and they name the socket that thawd expects.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { parseSettings } from '../../toolstack/daemon/settings.js';
import { ROOT } from '../support/programs.js';

const UNITS = ['thawd.service', 'thawd.socket'];
const source = (name: string): string => join(ROOT, 'scripts/lib', name);

/** A root folder with the units, and programs at the paths that they name. */
function root(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-units-'));
  t.teardown(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const put = (from: string, to: string): void => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    copyFileSync(from, join(folder, to));
  };
  for (const name of UNITS) put(source(name), `usr/lib/systemd/system/${name}`);
  for (const program of ['usr/sbin/thawd', 'bin/sh', 'sbin/modprobe']) put('/bin/true', program);
  return folder;
}

test('systemd has nothing to say against them', (t) => {
  const options = ['verify', '--man=no', '--recursive-errors=no', `--root=${root(t)}`];
  const { error, status, stderr } = spawnSync('systemd-analyze', [...options, ...UNITS], {
    encoding: 'utf8',
  });
  if (error) {
    t.log(`skipped: systemd-analyze cannot be run: ${error.message}`);
    t.pass();
    return;
  }
  t.is(stderr, '');
  t.is(status, 0);
});

test('the socket is thawd’s own, and its owner’s alone', (t) => {
  const lines = readFileSync(source('thawd.socket'), 'utf8').split('\n');
  const { paths } = parseSettings(['--socket', '']) ?? { paths: { socket: '' } };
  t.true(lines.includes(`ListenStream=${paths.socket}`), paths.socket);
  t.true(lines.includes('SocketMode=0600'));
});
