// SPDX-License-Identifier: Apache-2.0
// `thaw-shim --spawner` starts independent shims, answers each line, and leaves the shims running when it ends.

import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import test, { type ExecutionContext } from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { CHECKED_ENV, programs } from '../support/programs.js';
import { until, within } from '../support/within.js';

function startSpawner(t: ExecutionContext, ...cgroups: string[]) {
  const child = spawn(programs().shimChecked, ['--spawner', ...cgroups], {
    env: { ...process.env, ...CHECKED_ENV },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  t.teardown(() => child.stdin.destroy());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (line: string): Promise<string> => {
    child.stdin.write(line);
    return String((await within(10_000, 'an answer', () => lines.next())).value);
  };
  return { child, ended, ask };
}

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'thaw spawner-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Field N of /proc/PID/stat after the name: 0 is the state, 3 the session. */
function stat(pid: number, field: number): string | undefined {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[field];
}

test('a shim is a process of its own that outlives the spawner', async (t) => {
  const { child, ended, ask } = startSpawner(t);
  const dirs = [folderOf(t), folderOf(t)];
  const pids: number[] = [];
  for (const [i, dir] of dirs.entries()) {
    const ring = i === 0 ? '-' : '8:3';
    const pid = Number(await ask(`32000 ${ring} /local/domain/32000/data/thaw/data - ${dir}\n`));
    t.true(pid > 0);
    pids.push(pid);
    await until('it listens', () => Promise.resolve(existsSync(join(dir, 'shim.sock'))));
    t.is(stat(pid, 3), String(pid), 'leads a session');
  }
  child.stdin.end();
  t.is(await within(10_000, 'its end', () => ended), 0);
  for (const [i, dir] of dirs.entries()) {
    const control = await FrameSocket.connect(join(dir, 'shim.sock'));
    control.send(ApiType.STATUS, 0, 0);
    t.is((await control.nextOf(ApiType.STATUS)).type, ApiType.STATUS);
    control.send(ApiType.QUIT, 0, 0);
    await until('it is gone', () => Promise.resolve(!existsSync(`/proc/${pids[i]}`)));
    t.true(existsSync(join(dir, 'shim.log')));
  }
});

/** Returns a new folder for the cgroups of sandboxes, in whatever cgroup v2 this machine has. */
function cgroupsOf(t: ExecutionContext): string {
  const [, root = ''] = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8')) ?? [];
  const folder = mkdtempSync(join(root, 'thaw-test-'));
  t.teardown(async () => {
    for (const name of readdirSync(folder, { withFileTypes: true }))
      if (name.isDirectory())
        await until('the cgroup has no process', () => {
          rmdirSync(join(folder, name.name));
          return Promise.resolve(true);
        });
    rmdirSync(folder);
  });
  return folder;
}

test('a shim is in its cgroup from its first instruction on, and the next one may be there', async (t) => {
  const cgroups = cgroupsOf(t);
  const { ask } = startSpawner(t, cgroups, 'cgroup.max.descendants=3');
  const limit = join(cgroups, '7', 'cgroup.max.descendants');
  for (const limitAfter of ['3\n', '4\n']) {
    const pid = Number(await ask(`32000 - path 7 ${folderOf(t)}\n`));
    // Its relay may be there already, and the kernel lists processes in any order.
    const inside = readFileSync(join(cgroups, '7', 'cgroup.procs'), 'utf8').split('\n');
    t.true(inside.includes(`${pid}`), inside.join(' '));
    t.is(readFileSync(limit, 'utf8'), limitAfter);
    process.kill(pid, 'SIGKILL');
    await until('it is gone', () => Promise.resolve(!existsSync(`/proc/${pid}`)));
    // Limits are set once, where the cgroup is made.
    writeFileSync(limit, '4');
  }
});

test('a cgroup or limit that the kernel does not take fails the start and leaves no cgroup', async (t) => {
  const cgroups = cgroupsOf(t);
  const start = (name: string) => `32000 - path ${name} ${folderOf(t)}\n`;
  const wrong = startSpawner(t, cgroups, 'cgroup.max.depth=many');
  t.is(await wrong.ask(start('1')), 'error Invalid argument');
  const missing = startSpawner(t, cgroups, 'no.such.limit=1');
  t.regex(await missing.ask(start('1')), /^error (No such file|Permission denied)/);
  const nowhere = startSpawner(t, join(cgroups, 'nowhere'));
  t.is(await nowhere.ask(start('1')), 'error No such file or directory');
  for (const name of ['..', '.', '../x', 'a/b'])
    t.is(await startSpawner(t, cgroups).ask(start(name)), 'error Invalid argument');
  t.is(await startSpawner(t).ask(start('1')), 'error Invalid argument', 'there are no cgroups');
  t.deepEqual(
    readdirSync(cgroups, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    [],
  );
});

test('what cannot be started is answered too, and the next line is as good as the first', async (t) => {
  const { child, ended, ask } = startSpawner(t);
  for (const line of ['\n', '7\n', '7 -\n', '7 - path\n', '7 - path -\n', '7 - path - relative\n'])
    t.is(await ask(line), 'error Invalid argument');
  t.is(await ask('7 - path - /nonexistent/folder\n'), 'error No such file or directory');
  t.is(await ask(`7 - path - /${'x'.repeat(4095)}\n`), 'error File name too long');
  child.stdin.end('7 - path - /cut off');
  t.is(await within(10_000, 'its end', () => ended), 0);
});
