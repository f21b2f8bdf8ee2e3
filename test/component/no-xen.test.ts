// SPDX-License-Identifier: Apache-2.0
// On a machine without Xen thawd ends with one line that says so, and doctor lists the missing parts and their remedies.

import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';

const toolstack = fileURLToPath(new URL('../../toolstack', import.meta.url));

interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

function node(args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

test.before((t) => {
  if (existsSync('/proc/xen/capabilities')) t.fail('these tests are for a machine without Xen');
});

test('thawd ends in one line, with status 1 and no socket', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'thaw-no-xen-'));
  try {
    const { status, stdout, stderr } = await node([
      join(toolstack, 'daemon/main.js'),
      ...['--run', join(folder, 'run'), '--state', join(folder, 'state')],
    ]);
    t.is(stdout, '');
    t.regex(stderr, /^\S+ error Cannot start: [^\n]*Xen[^\n]*thaw doctor[^\n]*\n$/);
    t.is(status, 1);
    t.false(existsSync(join(folder, 'run/thawd.sock')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('doctor names what is missing and the command that mends it', async (t) => {
  const { status, stdout } = await node([join(toolstack, 'cli/offline.js'), 'doctor']);
  t.is(status, 1);
  t.regex(
    stdout,
    /^missing +Xen control domain: [^\n]*\n +mend it with: apt install xen-system-amd64/m,
  );
  t.regex(
    stdout,
    /^missing +device \/dev\/xen\/privcmd: [^\n]*\n +mend it with: modprobe xen-privcmd$/m,
  );
});
