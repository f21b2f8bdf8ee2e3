// SPDX-License-Identifier: Apache-2.0
// The terminal is raw while a process has it, and restored after every kind of end.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import type { FakeProcess } from '../support/agent/fake-process.js';
import { FakeThawd, type FakeSession } from '../support/shim/fake-thawd.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until, within } from '../support/within.js';

/** script(1) runs it and gives it a terminal. It records the modes before and after, and the launcher's status. */
const SCRIPT = `cd "$DIR"; stty rows 25 cols 81; tty >tty; stty -a >before
sh -c 'echo $$ >pid; exec "$THAW" run -it image'; echo $? >status
stty -a >after`;

interface Terminal {
  sandbox: Sandbox;
  session: FakeSession;
  process: FakeProcess;
  child: ChildProcess;
  screen: () => string;
  mode: () => string;
  file: (name: string) => string;
  /** Waits for the end. Returns the launcher's status. */
  status: () => Promise<number>;
}

async function startTerminal(t: ExecutionContext, keys: string[] = []): Promise<Terminal> {
  const sandbox = await Sandbox.start(t);
  const thawd = await FakeThawd.listen(join(sandbox.dir, 'thawd.sock'));
  t.teardown(() => {
    thawd.kill();
  });
  writeFileSync(join(sandbox.dir, 'script'), SCRIPT);
  const child = spawn('script', ['-qec', `sh ${join(sandbox.dir, 'script')}`, '/dev/null'], {
    env: { ...process.env, DIR: sandbox.dir, THAW: programs().thaw, THAW_SOCKET: thawd.path },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill('SIGKILL'));
  let screen = '';
  child.stdout?.on('data', (chunk: Buffer) => (screen += chunk.toString()));
  const ended = once(child, 'close');
  const session = await thawd.session();
  t.deepEqual(session.request.ttys, { stdin: true, stdout: true, stderr: true });
  t.deepEqual([session.request.rows, session.request.cols], [25, 81]);
  await sandbox.expect(1, 3);
  await session.join(1, 3, sandbox.socket, keys);
  const file = (name: string): string => readFileSync(join(sandbox.dir, name), 'utf8').trim();
  return {
    sandbox,
    session,
    process: sandbox.agent.begin(1),
    child,
    screen: () => screen,
    mode: () => spawnSync('stty', ['-F', file('tty'), '-a'], { encoding: 'utf8' }).stdout,
    file,
    status: async () => {
      await within(20_000, 'the terminal to end', () => ended);
      return Number(file('status'));
    },
  };
}

test('keys go to the process as they are, output comes as it is, the size follows', async (t) => {
  const { process, child, session, screen, mode, file, status } = await startTerminal(t);
  await process.until('a size', () => process.sizes.length > 0);
  t.deepEqual(process.sizes.at(-1), { rows: 25, cols: 81 });
  t.regex(mode(), /-icanon/);
  t.regex(mode(), /-echo\b/);
  child.stdin?.write('\x03\x1a');
  let typed = '';
  for await (const chunk of process.input()) {
    typed += chunk.toString();
    if (typed.length >= 2) break;
  }
  t.is(typed, '\x03\x1a');
  t.deepEqual(process.signals, []);
  await process.write(1, 'a\nb\r\n');
  await until('the output is on the screen', () => screen().includes('a\nb\r\n'));
  spawnSync('stty', ['-F', file('tty'), 'rows', '50', 'cols', '120']);
  // stty sets rows and columns one after the other.
  await process.until('the new size', () => process.sizes.at(-1)?.cols === 120);
  t.deepEqual(process.sizes.at(-1), { rows: 50, cols: 120 });
  spawnSync('stty', ['-F', file('tty'), 'rows', '25', 'cols', '81']);
  process.eof(1);
  process.exitOnly(4);
  session.done(0);
  t.is(await status(), 4);
  t.is(file('after'), file('before'));
});

for (const [name, end, expected] of [
  ['the shim is killed', (c: Terminal) => c.sandbox.shim.kill('SIGKILL'), 125],
  ['the sandbox is lost', (c: Terminal) => c.sandbox.agent.peer.socket.end(), 125],
  ['the launcher aborts', (c: Terminal) => process.kill(Number(c.file('pid')), 'SIGABRT'), 134],
  ['the launcher faults', (c: Terminal) => process.kill(Number(c.file('pid')), 'SIGSEGV'), 139],
] as const) {
  test(`the terminal is restored when ${name}`, async (t) => {
    const terminal = await startTerminal(t);
    await until('the terminal is raw', () => terminal.mode().includes('-icanon'));
    end(terminal);
    terminal.session.done(0);
    t.is(await terminal.status(), expected);
    t.is(terminal.file('after'), terminal.file('before'));
  });
}

test('signals to the launcher reach a process with a terminal too', async (t) => {
  const { process: inside, session, file, status } = await startTerminal(t);
  process.kill(Number(file('pid')), 'SIGTERM');
  await inside.until('SIGTERM', () => inside.signals.includes(15));
  inside.eof(1);
  inside.exitOnly(15, 2);
  session.done(0);
  t.is(await status(), 143);
  t.is(file('after'), file('before'));
});

test('stopped and continued: raw again, and the size is told', async (t) => {
  const { process: inside, session, file, mode, status } = await startTerminal(t);
  await until('the terminal is raw', () => mode().includes('-icanon'));
  const pid = Number(file('pid'));
  process.kill(pid, 'SIGSTOP');
  spawnSync('stty', ['-F', file('tty'), 'sane']);
  process.kill(pid, 'SIGCONT');
  await inside.until('SIGCONT', () => inside.signals.includes(18));
  await until('the terminal is raw again', () => mode().includes('-icanon'));
  inside.eof(1);
  inside.exitOnly(0);
  session.done(0);
  t.is(await status(), 0);
  t.true(existsSync(join('/proc', 'self')));
  t.is(file('after'), file('before'));
});

test('the keys that detach end the launcher, not the process, and are no input', async (t) => {
  const { process, child, mode, file, status, sandbox } = await startTerminal(t, ['\x10\x11']);
  await until('the terminal is raw', () => /-icanon/.test(mode()));
  // The first key of the sequence is input as soon as a different key follows.
  child.stdin?.write('a\x10b\x10');
  let typed = '';
  for await (const chunk of process.input()) {
    typed += chunk.toString();
    if (typed.length >= 3) break;
  }
  t.is(typed, 'a\x10b');
  child.stdin?.write('\x10\x11');
  t.is(await status(), 0);
  t.is(file('after'), file('before'));
  t.deepEqual(process.signals, []);
  t.like(await sandbox.status(), { state: 'up', processes: [{ process: 1 }] });
});

test('keys that begin like themselves are found wherever they stand', async (t) => {
  const { process, child, mode, status } = await startTerminal(t, ['aab']);
  await until('the terminal is raw', () => /-icanon/.test(mode()));
  child.stdin?.write('xaaacaaab');
  t.is(await status(), 0);
  let typed = '';
  for await (const chunk of process.input()) {
    typed += chunk.toString();
    if (typed.length >= 6) break;
  }
  t.is(typed, 'xaaaca');
});
