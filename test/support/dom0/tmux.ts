// SPDX-License-Identifier: Apache-2.0
// A real terminal: a window of tmux with bash in it. A test types as a user does, and reads the screen.

import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { command, until } from './thaw.js';

/** Several times the lab's time for a start. */
const PATIENCE_MS = 240_000;
export const PROMPT = 'dom0>';

export class Tmux {
  /** The folder of tmux's socket, for a test's files too. */
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Opens a window and waits for the shell's prompt. The window closes when the test ends. */
  static async open(t: ExecutionContext, { cols = 120, rows = 30 } = {}): Promise<Tmux> {
    const tmux = new Tmux(await mkdtemp(join(tmpdir(), 'thaw-tmux-')));
    t.teardown(async () => {
      await tmux.#do('kill-server');
      rmSync(tmux.folder, { recursive: true, force: true });
    });
    const shell = ['env', `PS1=${PROMPT} `, 'HISTFILE=', 'bash', '--norc', '--noprofile'];
    const size = ['-x', String(cols), '-y', String(rows)];
    await tmux.#do('-f', '/dev/null', 'new-session', '-d', ...size, ...shell);
    await tmux.shows('the prompt', new RegExp(`^${PROMPT}`, 'm'));
    return tmux;
  }

  /** Types a line, and Enter. */
  async line(text: string): Promise<void> {
    await this.#do('send-keys', '-l', text);
    await this.keys('Enter');
  }

  /** Presses keys by tmux's names for them, such as C-c and Escape, or characters. */
  async keys(...names: string[]): Promise<void> {
    await this.#do('send-keys', ...names);
  }

  async resize(cols: number, rows: number): Promise<void> {
    await this.#do('resize-window', '-x', String(cols), '-y', String(rows));
  }

  screen(): Promise<string> {
    return this.#do('capture-pane', '-p');
  }

  /** Waits until the screen matches. Rejects with the screen's text instead. */
  async shows(what: string, pattern: RegExp): Promise<void> {
    let seen = '';
    await until(
      `the terminal shows ${what}`,
      async () => pattern.test((seen = await this.screen())),
      PATIENCE_MS,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it shows:\n${seen}`, { cause: error });
    });
  }

  /** Returns the terminal's present modes, as stty -g prints them. bash sets its own while it waits for a line. */
  async modes(): Promise<string> {
    const tty = (await this.#do('display-message', '-p', '#{pane_tty}')).trim();
    return (await command('stty', ['-F', tty, '-g'])).trim();
  }

  #do(...words: string[]): Promise<string> {
    return command('tmux', ['-u', '-S', join(this.folder, 'socket'), ...words]);
  }
}
