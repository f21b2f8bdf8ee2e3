// SPDX-License-Identifier: Apache-2.0
// Each row of docs/compat.md, on podman with crun and on thaw, in the same dom0 with the same image.

import { spawn } from 'node:child_process';
import test from 'ava';
import { COMPAT_ROWS } from '../../support/compat-rows.js';
import { guestType, images, thaw } from '../../support/thaw.js';

const ARCHIVE = `oci-archive:${images}/busybox.oci.tar`;
const TIMEOUT_MS = 120_000;
let image = '';

type Engine = 'podman' | 'thaw';

/** What rows may use (compat-rows.ts). podman spends no time on a network where none is looked at. */
function prelude(engine: Engine, name: string): string {
  const own = engine === 'podman' ? '' : ` --type ${guestType} --memory 64m`;
  const none = engine === 'podman' ? '--network none' : '';
  return `
E=${engine} I=${image} N=${name}
RUN='--pull never${own}'
P() { $E run $RUN "$@"; }
R() { P --rm ${none} "$@"; }
W() { P --rm "$@"; }
DI() { P -d --name $N ${none} "$@"; }
D() { DI "$@" >/dev/null; }
D4() { P -d --name $N "$@" >/dev/null; }
CI() { $E create --name $N $RUN ${none} "$@"; }
PC() { $E pod create --name $N-pod${engine === 'podman' ? '' : ` --type ${guestType} --memory 128m`} "$@"; }
PR() { $E run --pull never --pod $N-pod "$@"; }
C() { CI "$@" >/dev/null; }
`;
}

interface Printed {
  /** Standard output, and the script's status behind it. */
  out: string;
  /** For who reads a failure: engines word their errors as they like. */
  errors: string;
}

async function printed(engine: Engine, script: string, name: string): Promise<Printed> {
  const text = `${prelude(engine, name)}\n${script}\n`;
  const child = spawn('sh', ['-c', text], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let out = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  if (script.includes('PC ')) await clean(engine, ['pod', 'rm', '-f', `${name}-pod`]);
  await clean(engine, ['rm', '-f', '-t', '0', name]);
  return { out: `${out}status ${status}`, errors };
}

async function clean(engine: Engine, words: string[]): Promise<void> {
  const child = spawn(engine, words, { stdio: 'ignore' });
  await new Promise((resolve) => child.once('close', resolve));
}

test.before(async () => {
  const pulled = spawn('podman', ['pull', '-q', ARCHIVE], { stdio: 'ignore' });
  await new Promise((resolve) => pulled.once('close', resolve));
  const { status, stdout, stderr } = await thaw(['pull', '--quiet', ARCHIVE]);
  // Without it both engines would fail alike.
  if (status !== 0) throw new Error(`Cannot pull ${ARCHIVE}: ${stderr}`);
  image = stdout
    .trim()
    .replace(/^sha256:/, '')
    .slice(0, 12);
});

for (const [index, row] of COMPAT_ROWS.entries())
  test.serial(`${row.area}: ${row.what}`, async (t) => {
    const { script, prints } = row;
    const name = `compat-${index}`;
    // One after the other: they would have the same ports and subnets.
    const podman = await printed('podman', script, name);
    const own = await printed('thaw', script, name);
    if (!prints) return void t.is(own.out, podman.out, own.errors);
    t.regex(podman.out, prints.podman, podman.errors);
    t.regex(own.out, prints.thaw, own.errors);
  });
