// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FILE } from '../../../toolstack/image/tool-walls.js';
import { runTool, runWalled, ToolFailure } from '../../../toolstack/image/tool.js';
import { until } from '../../support/within.js';

const options = { tmpDir: tmpdir(), signal: new AbortController().signal, timeoutMs: 30_000 };
const rootOptions = { ...options, policy: 'copier' } as const;

test('a tool’s output and status come back', async (t) => {
  const out = await runTool('sh', ['-c', 'echo a; echo; printf b; echo c'], rootOptions);
  t.is(out.toString(), 'a\n\nbc\n');
  const error = await t.throwsAsync(runTool('sh', ['-c', 'echo why >&2; exit 3'], rootOptions), {
    instanceOf: ToolFailure,
  });
  t.is(error?.message, 'sh ended with status 3: why');
});

test('a tool gains no privileges, and dies first when dom0 is short of memory', async (t) => {
  const words = [
    '-c',
    'grep -E "NoNewPrivs|CapEff" /proc/self/status; cat /proc/self/oom_score_adj',
  ];
  const out = await runTool('sh', words, rootOptions);
  t.is(out.toString(), 'CapEff:\t000000000000000f\nNoNewPrivs:\t1\n700\n');
  const whole = await runTool('sh', words, { ...rootOptions, keepsCaps: true });
  t.notRegex(whole.toString(), /000000000000000f/);
});

test('a tool that is missing is named with the package that has it', async (t) => {
  await t.throwsAsync(runTool('thaw-no-such-tool', [], rootOptions), {
    code: 'ERR_IMAGE_TOOL',
    message: /apt-get install/,
  });
});

test('a tool that takes too long, or says too much, is killed', async (t) => {
  await t.throwsAsync(runTool('sleep', ['600'], { ...rootOptions, timeoutMs: 50 }), {
    code: 'ERR_IMAGE_TIMEOUT',
  });
  await t.throwsAsync(runTool('yes', [], { ...rootOptions, stdoutMax: 1000 }), {
    code: 'ERR_IMAGE_CORRUPT',
  });
});

test('a tool dies with the process that started it', async (t) => {
  const script = `
    import { startTool } from ${JSON.stringify(new URL('../../../toolstack/image/tool.js', import.meta.url).href)};
    const { child } = await startTool('sleep', ['600'], { policy: 'copier', tmpDir: '/tmp', signal: new AbortController().signal, timeoutMs: 600000 });
    setTimeout(() => console.log(child.pid), 500);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(output.toString());
  await until('it runs', () => isSleeping(pid));
  const ended = once(parent, 'exit');
  parent.kill('SIGKILL');
  await ended;
  for (let tries = 0; tries < 100 && (await isSleeping(pid)); tries++) await sleep(20);
  t.false(await isSleeping(pid));
});

async function isSleeping(pid: number): Promise<boolean> {
  return readFile(`/proc/${pid}/cmdline`, 'utf8').then(
    (text) => text.startsWith('sleep'),
    () => false,
  );
}

test('a walled program has a uid without privileges, and none of dom0’s files, network or signals', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-walls-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [given, secret] = [join(folder, 'given'), join(folder, 'secret')];
  await writeFile(given, 'given');
  await writeFile(secret, 'secret');
  await chmod(secret, 0o644);
  const tries = [
    'id -u',
    `cat ${FILE}`,
    `cat ${secret} || echo no secret`,
    'ls / || echo no root',
    'ls /proc/1 || echo no proc',
    `echo x >${folder}/made || echo nothing made`,
    `echo x >${FILE} || echo not written`,
    `kill -0 ${process.pid} || echo no signal`,
    'ulimit -v',
    'socat -u - TCP:127.0.0.1:9 || echo no network',
  ];
  const words = ['-c', `exec 2>&-; ${tries.join('; ')}`];
  const out = (await runWalled('sh', words, { readsFile: given }, options)).toString();
  const [uid = '', ...rest] = out.split('\n');
  t.true(Number(uid) > 2_000_000_000, uid);
  t.deepEqual(rest, [
    'givenno secret',
    'no root',
    'no proc',
    'nothing made',
    'not written',
    'no signal',
    '2097152',
    'no network',
    '',
  ]);
});

test('what a walled program writes belongs to root afterwards', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-walls-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const made = join(folder, 'made');
  await runWalled('sh', ['-c', `echo yes >${FILE}`], { writes: made }, options);
  t.is(await readFile(made, 'utf8'), 'yes\n');
  const { uid, gid, mode } = await stat(made);
  t.deepEqual([uid, gid, mode & 0o777], [0, 0, 0o644]);
  const failed = runWalled('sh', ['-c', 'exit 3'], { writes: made }, options);
  await t.throwsAsync(failed, { instanceOf: ToolFailure });
  t.is((await stat(made)).uid, 0);
});

test('a walled program reads a folder whoever owns its files, and writes nothing there', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'thaw-walls-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'private'), 'private', { mode: 0o600 });
  const script = `cat ${folder}/private; echo x 2>&- >${folder}/private || echo ' kept'`;
  const out = await runWalled('sh', ['-c', script], { reads: folder }, options);
  t.is(out.toString(), 'private kept\n');
});
