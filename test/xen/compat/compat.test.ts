// SPDX-License-Identifier: Apache-2.0
// Runs each row of docs/compat.md on podman with crun and on thaw, in the same dom0 with the same image. podman's output is taken from
// test/fixtures/compat-podman.json if it was recorded with this podman and this image, unless THAW_COMPAT_LIVE is set. With
// THAW_COMPAT_RECORD, a file's path, only podman runs, and its output is recorded there.

import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import {
  type CompatRecording,
  type CompatTools,
  recordedOutput,
  rowName,
  scriptHash,
} from '../../support/cli/compat-podman.js';
import { COMPAT_ROWS, type CompatRow } from '../../support/cli/compat-rows.js';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';
import { guestType, images, thaw } from '../../support/dom0/thaw.js';

const ARCHIVE = `oci-archive:${images}/busybox.oci.tar`;
const TIMEOUT_MS = 400_000;
const RECORDING = new URL('../../../../test/fixtures/compat-podman.json', import.meta.url);
const recordTo = process.env.THAW_COMPAT_RECORD;
const tools: CompatTools = { podman: '', image: '' };
const recorded: CompatRecording['rows'] = {};
let recording: CompatRecording | undefined;

type Engine = 'podman' | 'thaw';

/** Context that rows may use (compat-rows.ts). podman sets up no network for rows that do not look at one. */
function prelude(engine: Engine, name: string): string {
  const own = engine === 'podman' ? '' : ` --type ${guestType} --memory 64m`;
  const none = engine === 'podman' ? '--network none' : '';
  return `
E=${engine} I=${tools.image} N=${name}
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
  /** Standard output, followed by the script's status. */
  out: string;
  /** Shown in failures only: engines word their errors differently. */
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
  const version = execFileSync('podman', ['--version'], { encoding: 'utf8' });
  tools.podman = version.trim();
  const { status, stdout, stderr } = await thaw(['pull', '--quiet', ARCHIVE]);
  // Without this both engines would fail alike.
  if (status !== 0) throw new Error(`Cannot pull ${ARCHIVE}: ${stderr}`);
  tools.image = stdout
    .trim()
    .replace(/^sha256:/, '')
    .slice(0, 12);
  if (recordTo === undefined && process.env.THAW_COMPAT_LIVE === undefined)
    recording = JSON.parse(readFileSync(RECORDING, 'utf8')) as CompatRecording;
});

let pull: Promise<void> | undefined;

/** podman's image is needed only when podman runs. */
function podmanImage(): Promise<void> {
  pull ??= new Promise<void>((resolve) =>
    spawn('podman', ['pull', '-q', ARCHIVE], { stdio: 'ignore' }).once('close', () => resolve()),
  );
  return pull;
}

async function podmanPrinted(row: CompatRow, name: string): Promise<Printed & { isOld: boolean }> {
  const hash = scriptHash(prelude('podman', 'N'), row);
  const old = recordedOutput(recording, tools, row, hash);
  if (old !== undefined) return { out: old, errors: '', isOld: true };
  await podmanImage();
  const { out, errors } = await printed('podman', row.script, name);
  recorded[rowName(row)] = { script: hash, out };
  // Written after each row, so that an aborted run keeps its results.
  if (recordTo !== undefined) {
    const all: CompatRecording = { ...tools, rows: recorded };
    writeFileSync(recordTo, `${JSON.stringify(all, null, 2)}\n`);
  }
  return { out, errors, isOld: false };
}

/** Rows take long, and test/xen/thaw tests the same features. */
const LONG_AREAS: readonly CompatRow['area'][] = ['pods', 'files', 'networks', 'life', 'images'];
/** Recording and live comparison with podman run only by name. */
const isAll = recordTo !== undefined || process.env.THAW_COMPAT_LIVE !== undefined;

for (const row of COMPAT_ROWS) {
  const declare = isAll || !LONG_AREAS.includes(row.area) ? once : longOnce;
  declare(rowName(row), async (t) => {
    const { script, prints } = row;
    const name = `compat-${createHash('sha256').update(rowName(row)).digest('hex').slice(0, 6)}`;
    // In sequence: parallel rows would use the same ports and subnets.
    const podman = await podmanPrinted(row, name);
    if (!podman.isOld && recording)
      t.log('podman ran: what it prints is not recorded, scripts/record-compat does');
    if (prints) t.regex(podman.out, prints.podman, podman.errors);
    if (recordTo !== undefined) return void t.pass();
    const own = await printed('thaw', script, name);
    if (prints) t.regex(own.out, prints.thaw, own.errors);
    else t.is(own.out, podman.out, own.errors);
  });
}
