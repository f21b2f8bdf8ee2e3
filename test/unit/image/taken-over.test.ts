// SPDX-License-Identifier: Apache-2.0
// A tool that an image has taken over reaches nothing of dom0: a probe (test/fixtures/tool-probe.c) runs in the tool's place, behind its walls.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { makeProgram } from '../../support/programs.js';
import { runWalled, startBehind, startTool, withoutInput } from '../../../toolstack/image/tool.js';
import { FILE, walledUid } from '../../../toolstack/image/tool-walls.js';
import {
  makeOwnFolder,
  skopeoEnv,
  skopeoWalls,
} from '../../../toolstack/image/transports/skopeo-walls.js';

/** Landlock lets programs below /usr alone start, and this one loads the probe. */
const LOADER = { x64: '/lib64/ld-linux-x86-64.so.2', arm64: '/lib/ld-linux-aarch64.so.1' }[
  process.arch as string
] as string;
// A suite joined into one file declares its tests without waiting.
const help = spawnSync('setpriv', ['--help'], { encoding: 'utf8' }).stdout ?? '';
const hasWalls =
  existsSync(LOADER) &&
  existsSync('/proc/sys/kernel/seccomp/actions_avail') &&
  help.includes('--seccomp-filter');
const test = hasWalls ? anyTest : anyTest.skip;
if (!hasWalls) console.error('skipped: the kernel or setpriv has no seccomp filters');

const MADE = ['/usr', '/tmp', '/dev/shm'].map((folder) => join(folder, 'thaw-probe-made'));

interface Scene {
  /** A folder with the probe alone. */
  tools: string;
  probe: string;
  /** The probe's arguments: the secret, another process, and a folder that is not its own. */
  words: string[];
  /** A folder for the tool. */
  work: string;
  options: { tmpDir: string; signal: AbortSignal; timeoutMs: number };
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-taken-over-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [tools, work, victim] = ['tools', 'work', 'victim'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [tools, work, victim]) await mkdir(path);
  const [probe, secret] = [join(tools, 'probe'), join(victim, 'secret')];
  await copyFile(join(makeProgram('test/fixtures'), 'tool-probe'), probe);
  await writeFile(secret, 'secret', { mode: 0o644 });
  for (const path of MADE) await rm(path, { force: true, recursive: true });
  const peer = spawn('sleep', ['600']);
  t.teardown(() => peer.kill('SIGKILL'));
  const options = { tmpDir: work, signal: new AbortController().signal, timeoutMs: 60_000 };
  return { tools, probe, work, words: [secret, String(peer.pid), victim], options };
}

/** Fails if an attempt reached dom0 that is not `allowed`, or if a trace of one is left. */
async function check(
  t: ExecutionContext,
  { words }: Scene,
  report: Buffer,
  allowed: string[] = [],
) {
  const [secret = '', , victim = ''] = words;
  const lines = report.toString().trim().split('\n');
  t.is(lines.pop(), 'end');
  t.true(lines.length > 70, `${lines.length} attempts`);
  const reached = lines.filter((line) => line.endsWith(': reached'));
  t.deepEqual(reached.sort(), allowed.map((attempt) => `${attempt}: reached`).sort());
  t.deepEqual(await readdir(victim), ['secret']);
  t.is(await readFile(secret, 'utf8'), 'secret');
  t.is((await stat(secret)).mode & 0o777, 0o644);
  for (const path of MADE) t.false(existsSync(path), path);
}

test('a parser of a file reaches nothing else', async (t) => {
  const own = await scene(t);
  const { probe, words, options } = own;
  const files = { readsFile: probe };
  await check(t, own, await runWalled(LOADER, [FILE, ...words], files, options));
});

test('a parser that makes a file reaches nothing else', async (t) => {
  const own = await scene(t);
  const { probe, tools, words, work, options } = own;
  const files = { writes: join(work, 'out'), reads: tools };
  await check(t, own, await runWalled(LOADER, [probe, ...words], files, options));
});

test('a parser of an engine’s folder gains nothing by its capability', async (t) => {
  const own = await scene(t);
  const { probe, tools, words, options } = own;
  const status = ['-c', 'grep CapEff /proc/self/status || echo none'];
  t.is((await runWalled('sh', status, { reads: tools }, options)).toString(), 'none\n');
  const files = { reads: tools };
  await check(t, own, await runWalled(LOADER, [probe, ...words], files, options));
});

for (const hasNetwork of [true, false])
  test(`skopeo ${hasNetwork ? 'of a registry' : 'of a file'} reaches ${hasNetwork ? 'the network' : 'nothing else'}`, async (t) => {
    const own = await scene(t);
    const { probe, words, work, options } = own;
    const uid = walledUid();
    const folder = await makeOwnFolder(work, uid);
    const walls = await skopeoWalls({ reads: [probe], own: folder, uid, hasNetwork });
    const env = skopeoEnv(folder);
    const running = await startBehind(walls, LOADER, [probe, ...words], { env }, options);
    await check(t, own, await withoutInput(running), hasNetwork ? ['socket tcp'] : []);
  });

test('skopeo that saves a file as root reaches that file’s folder alone', async (t) => {
  const own = await scene(t);
  const { probe, words, work, options } = own;
  const folder = await makeOwnFolder(work, 0);
  const makes = join(work, 'image.tar');
  const files = { reads: [probe], own: folder, uid: 0, makes, hasNetwork: false };
  const env = { ...skopeoEnv(folder), THAW_PROBE_ROOT: '1' };
  const walls = await skopeoWalls(files);
  const running = await startBehind(walls, LOADER, [probe, ...words], { env }, options);
  const pretended = ['chmod'].map((call) => `${call} ${words[0]}`);
  await check(t, own, await withoutInput(running), pretended);
});

test('skopeo of an engine’s store has no way into the kernel', async (t) => {
  const { probe, words, options } = await scene(t);
  const limits = { ...options, policy: 'mounter', keepsCaps: true } as const;
  const running = await startTool(LOADER, [probe, ...words.slice(0, 2)], limits);
  const lines = (await withoutInput(running)).toString().trim().split('\n');
  t.is(lines.pop(), 'end');
  t.true(lines.length > 15, `${lines.length} attempts`);
  t.deepEqual(
    lines.filter((line) => !line.endsWith(': EPERM')),
    [],
  );
});
