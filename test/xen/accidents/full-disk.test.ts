// SPDX-License-Identifier: Apache-2.0
// A guest that fills the disk of all is paused before the disk is full: another one that writes sees no I/O error, and thaw takes no more images.

import { cp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { isOnce, once } from '../../support/once.js';
import {
  busybox,
  command,
  images,
  killThawd,
  list,
  run,
  running,
  runWords,
  startThawd,
  thaw,
  until,
  type Listed,
} from '../../support/dom0/thaw.js';

const STATE = '/var/lib/thaw';
const MIB = 2 ** 20;
/** Files that take up the disk without a write (fallocate(2)). */
const [BALLAST, SPARE] = [join(STATE, 'test-ballast'), join(STATE, 'test-spare')];
/** More than the reserve of the lab’s disk of 8 GiB: a guest that pauses anywhere in the reserve resumes with it. */
const SPARE_BYTES = 1024 * MIB;
/** The filler writes so much before it reaches the reserve. */
const ABOVE_BYTES = 64 * MIB;
/** The same image under a name that no store knows. */
const other = join(tmpdir(), 'thaw-full-disk');

/** It ends, with 9, at the first write that fails. */
const WRITER = 'n=0; while echo $n >>/log && sync; do n=$((n + 1)); sleep 1; done; exit 9';
const FILLER = 'dd if=/dev/zero of=/fill bs=1M; sleep 100000';

test.after.always(async () => {
  if (!isOnce) return;
  for (const path of [BALLAST, SPARE, other]) await rm(path, { recursive: true, force: true });
  const names = (await list()).map(({ name }) => name);
  if (names.length > 0) await thaw(['rm', '--force', ...names]);
});

async function start(t: ExecutionContext, name: string, script: string): Promise<Listed> {
  const { status, stderr } = await thaw(
    runWords('-d', '--name', name, busybox, 'sh', '-c', script),
  );
  t.is(status, 0, stderr);
  return running(name);
}

interface Disk {
  path: string;
  freeBytes: number;
  reserveBytes: number;
}

async function disk(): Promise<Disk> {
  const { stdout } = await thaw(['info', '--json']);
  const { disks } = JSON.parse(stdout) as { disks: (Disk & { holds: string[] })[] };
  const found = disks.find(({ holds }) => holds.includes('writable layers and logs'));
  if (!found) throw new Error(`No disk of writable layers: ${stdout}`);
  return found;
}

const find = async (name: string): Promise<(Listed & { pausedBy?: string }) | undefined> =>
  (await list()).find((container) => container.name === name);

/** How many lines the writer has written. */
async function lines(t: ExecutionContext): Promise<number> {
  const { status, stdout, stderr } = await thaw(['exec', 'full-writer', 'wc', '-l', '/log']);
  t.is(status, 0, stderr);
  return parseInt(stdout, 10);
}

/** The writer runs, and writes on. */
async function writesOn(t: ExecutionContext): Promise<void> {
  const before = await lines(t);
  await until('the writer writes on', async () => (await lines(t)) > before);
  t.is((await find('full-writer'))?.state, 'running');
}

const pullOther = () => thaw(['pull', `oci:${other}:latest`]);

once('the guest that fills the disk is paused, and another one writes on', async (t) => {
  t.timeout(900_000);
  await cp(`${images}/busybox`, other, { recursive: true });
  await start(t, 'full-writer', WRITER);
  // It has its writable layer before the disk is short.
  await start(t, 'full-filler', 'while ! [ -e /go ]; do sleep 1; done; ' + FILLER);
  const { freeBytes, reserveBytes } = await disk();
  t.true(reserveBytes > 0 && freeBytes > reserveBytes + ABOVE_BYTES + SPARE_BYTES, `${freeBytes}`);
  await command('fallocate', ['-l', String(SPARE_BYTES), SPARE]);
  const ballast = freeBytes - SPARE_BYTES - reserveBytes - ABOVE_BYTES;
  await command('fallocate', ['-l', String(ballast), BALLAST]);
  t.is((await thaw(['exec', 'full-filler', 'touch', '/go'])).status, 0);

  const paused = await until(
    'the filler is paused',
    async () => {
      const filler = await find('full-filler');
      return filler?.state === 'paused' && filler;
    },
    600_000,
  );
  t.regex(paused.pausedBy ?? '', /the file system of \S+ is nearly full/);
  const { bavail, bsize } = await statfs(STATE);
  t.true(bavail * bsize > 0, 'the disk is not full');
  await writesOn(t);
  t.regex((await thaw(['ps'])).stdout, /Paused: the file system of .*full-filler/);
  const inspected = await thaw(['inspect', '--format', '{{.State.PausedBy}}', 'full-filler']);
  t.regex(inspected.stdout, /is nearly full/);
  const events = await thaw(['events', '--since', '1h', '--no-follow', '--filter', 'event=pause']);
  t.regex(events.stdout, /name=full-filler, reason=the file system of/);
});

once('meanwhile thaw takes no image and no writable layer, but runs what needs none', async (t) => {
  t.timeout(600_000);
  const stayFree = /^thaw: Cannot [^\n]* are free on the file system of [^\n]* stay free [^\n]*\n$/;
  const pulled = await pullOther();
  t.is(pulled.status, 125);
  t.regex(pulled.stderr, stayFree);
  const layered = await thaw(runWords('--name', 'full-no', busybox, 'true'));
  t.is(layered.status, 125);
  t.regex(layered.stderr, stayFree);
  t.is(await find('full-no'), undefined);
  t.is((await run([busybox, 'echo', 'fleeting'])).stdout, 'fleeting\n');
  const unpaused = await thaw(['unpause', 'full-filler']);
  t.is(unpaused.status, 125);
  t.regex(unpaused.stderr, stayFree);
  t.regex((await thaw(['doctor'])).stdout, /^warning +disk of \/var\/lib\/thaw: /m);
});

once('the next thawd keeps it paused, and lets it go on when there is room', async (t) => {
  t.timeout(900_000);
  await killThawd();
  await startThawd();
  t.like(await find('full-filler'), { state: 'paused' });
  t.regex((await find('full-filler'))?.pausedBy ?? '', /is nearly full/);
  await writesOn(t);
  await rm(SPARE);
  await until('the filler goes on by itself', async () => {
    const filler = await find('full-filler');
    return filler?.state === 'running';
  });
});

once('when the filler is gone all goes on', async (t) => {
  t.timeout(600_000);
  t.is((await thaw(['rm', '--force', 'full-filler'])).status, 0);
  await until('its blocks are free', async () => {
    const { freeBytes, reserveBytes } = await disk();
    return freeBytes > reserveBytes;
  });
  const { status, stderr } = await pullOther();
  t.is(status, 0, stderr);
  await writesOn(t);
  await rm(BALLAST);
  t.is((await thaw(['rmi', `oci:${other}:latest`])).status, 0);
  t.is((await thaw(['rm', '--force', 'full-writer'])).status, 0);
});
