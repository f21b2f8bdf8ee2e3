// SPDX-License-Identifier: Apache-2.0
// thaw-init returns its command's status, forwards signals, and reaps orphans.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { agentBinary } from '../support/agent/agent.js';

function init(...words: string[]) {
  // The agent's program; this name makes it thaw-init.
  const child = spawn(agentBinary(), words, { argv0: '/run/thaw-init', stdio: 'pipe' });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, out, err }));
  return { child, ended };
}

test("its status is the command's", async (t) => {
  t.like(await init('--', 'sh', '-c', 'echo out; echo err >&2; exit 7').ended, {
    code: 7,
    out: 'out\n',
    err: 'err\n',
  });
  t.is((await init('true').ended).code, 0);
  t.is((await init('--', 'sh', '-c', 'kill -KILL $$').ended).code, 137);
});

test('what cannot run has the statuses of a shell', async (t) => {
  const missing = await init('--', '/no/such').ended;
  t.is(missing.code, 127);
  t.regex(missing.err, /thaw-init: cannot run \/no\/such: No such file/);
  t.is((await init('--', '/etc/passwd').ended).code, 126);
  t.is((await init('--').ended).code, 127);
});

test('signals reach the command', async (t) => {
  const script =
    "trap 'echo got it; exit 3' TERM; trap 'echo hup' HUP; echo up; while :; do sleep 0.05; done";
  const { child, ended } = init('--', 'sh', '-c', script);
  await once(child.stdout, 'data');
  child.kill('SIGHUP');
  await once(child.stdout, 'data');
  child.kill('SIGTERM');
  t.like(await ended, { code: 3, out: 'up\nhup\ngot it\n' });
});

test('the end of another child is not the end', async (t) => {
  // Its parent ends at once. The process becomes a child of thaw-init where that is the first process.
  const { code, out } = await init('--', 'sh', '-c', '(sleep 0.1 &) ; sleep 0.3; echo last; exit 4')
    .ended;
  t.deepEqual([code, out], [4, 'last\n']);
});
