// SPDX-License-Identifier: Apache-2.0
// Tests checkpoint and restore of thaw-oci: memory and open files of dom0 continue in another domain.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  bundle as bundleIn,
  bundleRoot,
  create,
  killThawdAlone,
  make,
  oci,
  stateOf,
} from '../../support/engines/bundle.js';
import { hasEnded, startThawd, until } from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';
import { isOnce, once } from '../../support/once.js';

let root = '';

test.before(async () => {
  if (isOnce) root = await bundleRoot();
});

test.after.always(() => rm(root, { recursive: true, force: true }));

/** Counts in memory, to an open file and to its output. It also holds a lock, a folder and a bind mount. */
const COUNTS = [
  'exec 3>>/own/log 4</own/held',
  'flock -x 4',
  'i=0',
  'cd /own/inside',
  'while :; do i=$((i + 1)); echo $i >&3; echo $i; cat /bound >/dev/null; sleep 0.5; done',
].join('\n');

/** A bundle whose container has a writable folder of its own. */
async function counting(script = COUNTS): Promise<{ folder: string; work: string }> {
  const at = join(root, `work-${Math.random().toString(36).slice(2)}`);
  await mkdir(join(at, 'inside'), { recursive: true });
  await writeFile(join(at, 'held'), '');
  await writeFile(join(at, 'bound'), 'bound\n');
  const bind = (source: string, destination: string, options: string[]) => ({
    type: 'bind',
    source: join(at, source),
    destination,
    options,
  });
  const folder = await bundleIn(root, script, {});
  const path = join(folder, 'config.json');
  const config = JSON.parse(await readFile(path, 'utf8')) as { mounts: object[] };
  config.mounts.push(bind('.', '/own', ['rbind']), bind('bound', '/bound', ['bind', 'ro']));
  await writeFile(path, JSON.stringify(config));
  return { folder, work: at };
}

const numbersIn = (path: string): number[] =>
  readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number);
const stashesIn = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('files-')) : [];
const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

/** Checks that no number is missing or repeated. Reads the file once, while the container runs. */
function countedAll(t: ExecutionContext, path: string): void {
  const numbers = numbersIn(path);
  t.deepEqual(numbers, upTo(numbers.length));
}

once('a container goes on where it was: memory, open files, a lock, its folder', async (t) => {
  t.timeout(600_000);
  const { folder, work } = await counting();
  const log = join(work, 'log');
  const pid = await create(t, 'one', folder);
  t.is((await oci('start', 'one')).status, 0);
  await until('it has counted', () => existsSync(log) && numbersIn(log).length >= 3);
  const images = join(folder, 'images');
  const saved = await oci('checkpoint', '--image-path', images, 'one');
  t.is(saved.status, 0, saved.stderr);
  t.is(await stateOf('one'), 'stopped');
  await until('its stand-in has ended', () => hasEnded(pid));
  const last = numbersIn(log).length;
  t.deepEqual(numbersIn(log), upTo(last));
  t.is((await oci('delete', 'one')).status, 0);

  const restored = await make(t, ['restore', '--detach', '--image-path', images], 'one', folder);
  t.is(await stateOf('one'), 'running');
  await until('it counts on', () => numbersIn(log).length >= last + 3);
  countedAll(t, log);
  const written = numbersIn(join(folder, 'out'));
  t.is(written[0], (written.at(-1) ?? 0) - written.length + 1);
  t.true((written[0] ?? 0) > last - 2 && (written[0] ?? 0) <= last + 1);
  const look = await oci('exec', 'one', 'sh', '-c', 'cat /bound; flock -n -x /own/held echo free');
  t.is(look.stdout, 'bound\n', 'its lock is held');
  t.is((await oci('exec', 'one', 'sh', '-c', 'echo new >/own/inside/new')).status, 0);
  t.is(await readFile(join(work, 'inside/new'), 'utf8'), 'new\n');
  t.true(
    (JSON.parse((await oci('ps', '--format', 'json', 'one')).stdout) as number[]).includes(
      restored,
    ),
  );
  t.is((await oci('pause', 'one')).status, 0);
  t.is((await oci('resume', 'one')).status, 0);
  t.is((await oci('kill', 'one', 'KILL')).status, 0);
  await until('it has ended', async () => (await stateOf('one')) === 'stopped');
});

longOnce('one that is left running goes on, and its copy too', async (t) => {
  t.timeout(600_000);
  const { folder, work } = await counting(
    'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.5; done',
  );
  await create(t, 'one', folder);
  t.is((await oci('start', 'one')).status, 0);
  const out = join(folder, 'out');
  await until('it has counted', () => numbersIn(out).length >= 2);
  const images = join(work, 'images');
  const saved = await oci('checkpoint', '--leave-running', '--image-path', images, 'one');
  t.is(saved.status, 0, saved.stderr);
  t.is(await stateOf('one'), 'running');
  const then = numbersIn(out).length;
  await until('it counts on', () => numbersIn(out).length >= then + 3);
  countedAll(t, out);
  t.is((await oci('pause', 'one')).status, 0);
  const paused = await oci('checkpoint', '--leave-running', '--image-path', images, 'one');
  t.is(paused.status, 0, paused.stderr);
  t.is(await stateOf('one'), 'paused');
  t.is((await oci('resume', 'one')).status, 0);
  // Only one checkpoint at a time: a concurrent request is refused. A later checkpoint replaces the first.
  const both = await Promise.all(
    [1, 2].map(() => oci('checkpoint', '--leave-running', '--image-path', images, 'one')),
  );
  t.deepEqual(both.map(({ status }) => status).sort(), [0, 1]);
  t.regex(both.map(({ stderr }) => stderr).join(''), /it is being checkpointed; try again/);
  t.is(await stateOf('one'), 'running');
  t.is(stashesIn(images).length, 1);
  const other = await bundleIn(root, 'unused');
  await writeFile(join(other, 'config.json'), await readFile(join(folder, 'config.json')));
  await make(t, ['restore', '--detach', '--image-path', images], 'two', other);
  await until('its copy counts', () => numbersIn(join(other, 'out')).length >= 3);
  t.true((numbersIn(join(other, 'out'))[0] ?? 0) > 1);
});

longOnce(
  'a thawd that is killed in the middle leaves it as it was, with all that it had open',
  async (t) => {
    t.timeout(600_000);
    const { folder, work } = await counting();
    const log = join(work, 'log');
    await create(t, 'one', folder);
    t.is((await oci('start', 'one')).status, 0);
    await until('it has counted', () => existsSync(log) && numbersIn(log).length >= 3);
    const images = join(folder, 'images');
    const killedWhileSaving = async (): Promise<void> => {
      const saving = oci('checkpoint', '--image-path', images, 'one');
      // Its domain is being copied.
      await until('it has stashed', () => stashesIn(images).length === 1, 60_000);
      await killThawdAlone();
      t.not((await saving).status, 0);
      await startThawd();
    };
    const countsOn = async (): Promise<void> => {
      const then = numbersIn(log).length;
      await until('it counts on', () => numbersIn(log).length >= then + 3, 120_000);
      countedAll(t, log);
    };
    await killedWhileSaving();
    await countsOn();
    // A paused container is paused again.
    t.is((await oci('pause', 'one')).status, 0);
    await killedWhileSaving();
    await until('it is paused again', async () => (await stateOf('one')) === 'paused', 120_000);
    t.is((await oci('resume', 'one')).status, 0);
    await countsOn();
    // Files of an interrupted write have names with a leading dot.
    t.deepEqual(
      readdirSync(images).filter((name) => !name.startsWith('.')),
      [],
    );
    const again = await oci('checkpoint', '--image-path', images, 'one');
    t.is(again.status, 0, again.stderr);
    t.is(await stateOf('one'), 'stopped');
  },
);

once('what cannot go along is refused, and the container runs on', async (t) => {
  t.timeout(600_000);
  const { folder } = await counting(
    'echo x >/own/gone; exec 5<>/own/gone; rm /own/gone; while :; do echo on; sleep 0.5; done',
  );
  await create(t, 'one', folder);
  const images = join(folder, 'images');
  const refused = async (why: RegExp, ...words: string[]): Promise<void> => {
    const { status, stderr } = await oci(...words);
    t.is(status, 1);
    t.regex(stderr, why);
  };
  const save = ['checkpoint', '--image-path', images, 'one'];
  await refused(/cannot checkpoint container "one": it is created/, ...save);
  t.is((await oci('start', 'one')).status, 0);
  const out = join(folder, 'out');
  await until('it runs', () => readFileSync(out, 'utf8').includes('on\n'));
  await refused(/\/work-[a-z0-9]+\/gone: it is open, and has been deleted/, ...save);
  t.false(existsSync(join(images, 'inventory.img')));
  const before = readFileSync(out, 'utf8').length;
  await until('it runs on', () => readFileSync(out, 'utf8').length > before);
  t.is((await oci('exec', 'one', 'ls', '/own')).status, 0);
  await refused(
    /no such file|Cannot read/,
    'restore',
    '-d',
    '--image-path',
    images,
    '--bundle',
    folder,
    'two',
  );
  await mkdir(images, { recursive: true });
  await writeFile(join(images, 'inventory.img'), 'thaw checkpoint\nnot really');
  await refused(
    /no checkpoint/,
    'restore',
    '-d',
    '--image-path',
    images,
    '--bundle',
    folder,
    'two',
  );
  await refused(/does not exist/, 'state', 'two');
});
