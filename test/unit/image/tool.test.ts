// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { runTool, ToolFailure } from '../../../toolstack/image/tool.js';
import { until } from '../../support/within.js';

const options = { tmpDir: tmpdir(), signal: new AbortController().signal, timeoutMs: 30_000 };

test('a tool’s output and status come back', async (t) => {
  const out = await runTool('sh', ['-c', 'echo a; echo; printf b; echo c'], options);
  t.is(out.toString(), 'a\n\nbc\n');
  const error = await t.throwsAsync(runTool('sh', ['-c', 'echo why >&2; exit 3'], options), {
    instanceOf: ToolFailure,
  });
  t.is(error?.message, 'sh ended with status 3: why');
});

test('a tool gains no privileges, and dies first when dom0 is short of memory', async (t) => {
  const words = ['-c', 'grep NoNewPrivs /proc/self/status; cat /proc/self/oom_score_adj'];
  const out = await runTool('sh', words, options);
  t.is(out.toString(), 'NoNewPrivs:\t1\n700\n');
});

test('a tool that is missing is named with the package that has it', async (t) => {
  await t.throwsAsync(runTool('thaw-no-such-tool', [], options), {
    code: 'ERR_IMAGE_TOOL',
    message: /apt-get install/,
  });
});

test('a tool that takes too long, or says too much, is killed', async (t) => {
  await t.throwsAsync(runTool('sleep', ['600'], { ...options, timeoutMs: 50 }), {
    code: 'ERR_IMAGE_TIMEOUT',
  });
  await t.throwsAsync(runTool('yes', [], { ...options, stdoutMax: 1000 }), {
    code: 'ERR_IMAGE_CORRUPT',
  });
});

test('a tool dies with the process that started it', async (t) => {
  const script = `
    import { startTool } from ${JSON.stringify(new URL('../../../toolstack/image/tool.js', import.meta.url).href)};
    const { child } = startTool('sleep', ['600'], { tmpDir: '/tmp', signal: new AbortController().signal, timeoutMs: 600000 });
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
