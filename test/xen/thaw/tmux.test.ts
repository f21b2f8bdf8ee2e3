// SPDX-License-Identifier: Apache-2.0
// thaw run -it in a terminal, as a person uses it: full-screen programs, keys that are signals, resizing, detaching and attaching again.
// The terminal is restored after every kind of end.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { debian, pidsOf, running, runWords, thaw, until } from '../../support/dom0/thaw.js';
import { Tmux } from '../../support/dom0/tmux.js';
import { longOnce } from '../../support/long.js';
import { once } from '../../support/once.js';

const NAME = 'person';
const SHELL = ['bash', '--norc', '--noprofile'];
const PROMPT = /^inside>/m;

/** Types `thaw run -it` of a command in a new terminal, and records the modes before and after it. */
async function start(t: ExecutionContext, words: string[], shown: RegExp): Promise<Tmux> {
  t.timeout(900_000);
  const tmux = await Tmux.open(t);
  t.teardown(() => thaw(['rm', '--force', '--ignore', NAME]));
  const options = runWords('--rm', '-it', '--name', NAME, '-e', 'PS1="inside> "').join(' ');
  await noting(tmux, `thaw ${options} ${debian} ${words.join(' ')}`);
  await tmux.shows('the first output', shown);
  return tmux;
}

/** Types a line. Saves the terminal's modes before and after it in files, and prints its status on a line of its own. */
async function noting(tmux: Tmux, line: string): Promise<void> {
  const { folder } = tmux;
  await tmux.line(
    `clear; cd ${folder}; stty -g >before; ${line}; s=$?; stty -g >after; echo; echo "ended: $s"`,
  );
}

const modes = (tmux: Tmux, when: 'before' | 'after') =>
  readFileSync(join(tmux.folder, when), 'utf8').trim();

/** Waits for the launcher's end, and checks that the terminal is restored. */
async function ended(t: ExecutionContext, tmux: Tmux, status: number): Promise<void> {
  await tmux.shows(`status ${status}`, new RegExp(`^ended: ${status}$`, 'm'));
  t.is(modes(tmux, 'after'), modes(tmux, 'before'));
}

/** The pid of the launcher in the terminal. */
async function launcher(): Promise<number> {
  const command = new RegExp(`^thaw run .*--name ${NAME} `);
  return until('the launcher runs', () => pidsOf(command)[0]);
}

longOnce('vim opens a file, takes what is typed, writes it and quits', async (t) => {
  const tmux = await start(t, SHELL, PROMPT);
  await tmux.line('vim.tiny /tmp/page; echo "vim: $?"');
  await tmux.shows('vim with a new file', /^~$[^]*"\/tmp\/page" \[New/m);
  await tmux.keys('i');
  await tmux.line('typed in vim');
  await tmux.shows('the text', /^typed in vim$/m);
  await tmux.keys('Escape');
  await tmux.line(':wq');
  await tmux.shows('the end of vim', /^vim: 0$/m);
  await tmux.line('clear; echo "read: $(cat /tmp/page)"');
  await tmux.shows('what vim wrote', /^read: typed in vim$/m);
  await tmux.line('exit 3');
  await ended(t, tmux, 3);
});

longOnce('top fills the screen and quits at q; another size of the window comes in', async (t) => {
  const tmux = await start(t, SHELL, PROMPT);
  t.not(await tmux.modes(), modes(tmux, 'before'));
  await tmux.line('top; echo "top: $?"');
  await tmux.shows('top', /^top - [^]*load average[^]*PID USER[^]* top *$/m);
  await tmux.keys('q');
  await tmux.shows('the end of top', /^top: 0$/m);
  await tmux.resize(90, 20);
  // The resize arrives a moment later, on the same channel as keys.
  await tmux.line('until stty size | grep "20 90"; do sleep 1; done');
  await tmux.shows('the new size', /^20 90$/m);
  await tmux.line('exit 4');
  await ended(t, tmux, 4);
});

once('Ctrl-C and Ctrl-Z reach the shell’s jobs, and fg goes on', async (t) => {
  const tmux = await start(t, SHELL, PROMPT);
  // The traps make the end certain: between two children bash itself may survive SIGINT.
  const job = `bash -c 'trap "exit 130" INT; trap "echo conti""nued" CONT; echo be""gun; while :; do sleep 1; done'`;
  await tmux.line(`clear; ${job}`);
  await tmux.shows('the job', /^begun$/m);
  await tmux.keys('C-c');
  await tmux.shows('the prompt after Ctrl-C', /\^C[^]*inside>/);
  await tmux.line(`s=$?; clear; echo "interrupted: $s"; ${job}`);
  await tmux.shows('the next job', /^interrupted: 130$[^]*^begun$/m);
  await tmux.keys('C-z');
  await tmux.shows('that it is stopped', /Stopped[^]*inside>/);
  await tmux.line('clear; fg');
  await tmux.shows('that it goes on', /^continued$/m);
  await tmux.keys('C-c');
  await tmux.shows('the prompt after Ctrl-C', /\^C[^]*inside>/);
  await tmux.line('exit $?');
  await ended(t, tmux, 130);
});

once('the keys that detach leave it running, and one can come back', async (t) => {
  const tmux = await start(t, SHELL, PROMPT);
  const raw = await tmux.modes();
  await tmux.keys('C-p', 'C-q');
  await ended(t, tmux, 0);
  t.is((await running(NAME)).state, 'running');
  await noting(tmux, `thaw attach ${NAME}`);
  await until('the terminal is lent', async () => (await tmux.modes()) === raw, 240_000);
  await tmux.line('echo "ba""ck"');
  await tmux.shows('the container', /^back$/m);
  await tmux.line('exit 5');
  await ended(t, tmux, 5);
});

longOnce(
  'a launcher that is terminated passes that on, and the terminal is as before',
  async (t) => {
    const inside = `bash -c 'trap "exit 9" TERM; echo rea""dy; while :; do sleep 1; done'`;
    const tmux = await start(t, [inside], /^ready$/m);
    process.kill(await launcher(), 'SIGTERM');
    await ended(t, tmux, 9);
  },
);

longOnce(
  'a launcher that is killed leaves the terminal to the shell, and the container to the next',
  async (t) => {
    const tmux = await start(t, SHELL, PROMPT);
    const raw = await tmux.modes();
    process.kill(await launcher(), 'SIGKILL');
    // bash takes the terminal back from a job that a signal ended.
    await ended(t, tmux, 137);
    t.is((await running(NAME)).state, 'running');
    await noting(tmux, `thaw attach ${NAME}`);
    await until('the terminal is lent again', async () => (await tmux.modes()) === raw, 240_000);
    await tmux.line('exit 6');
    await ended(t, tmux, 6);
  },
);
