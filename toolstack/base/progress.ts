// SPDX-License-Identifier: Apache-2.0
// Shows the progress of long work: on a terminal one line for each step, redrawn in place; elsewhere each step as a plain line.

import { formatBytes, printable } from './text.js';

/** The beginning of a step or, with `done`, the progress of the current step. */
export interface Progress {
  /** The step, such as `Copying busybox:latest`. */
  text: string;
  /** Bytes. */
  done?: number;
  /** Bytes in all, where they are known. */
  total?: number;
}

export type OnProgress = (progress: Progress) => void;

/** The part of a client that progress needs. */
export interface ProgressClient {
  isTerminal: { stderr: boolean };
  cols: number;
  err(data: string): void;
}

/** Ends the last step's line; to be called however the work ended. */
export interface Display {
  show: OnProgress;
  end(): void;
}

const REDRAW_MS = 100;
const BAR = 24;

/** Shows progress on a client's stderr. `now` is a clock in milliseconds. */
export function progressDisplay(
  client: ProgressClient,
  now: () => number = () => performance.now(),
): Display {
  if (!client.isTerminal.stderr)
    return {
      show: ({ text, done }) => (done === undefined ? client.err(`${text}\n`) : undefined),
      end: () => undefined,
    };
  let current: string | undefined;
  let drawn = -Infinity;
  const draw = (line: string): void => client.err(`\r${line.slice(0, client.cols || 80)}\x1b[K`);
  const end = (): void => {
    if (current === undefined) return;
    draw(current);
    client.err('\n');
    current = undefined;
  };
  return {
    show: ({ text, done, total }) => {
      const step = printable(text, 1000);
      if (step !== current || done === undefined) {
        end();
        current = step;
        draw(step);
      }
      if (done === undefined || now() - drawn < REDRAW_MS) return;
      drawn = now();
      draw(`${step}  ${measure(done, total)}`);
    },
    end,
  };
}

/** Works, and shows its progress to the client while it does. */
export async function withProgress<T>(
  client: ProgressClient,
  work: (onProgress: OnProgress) => Promise<T>,
): Promise<T> {
  const display = progressDisplay(client);
  try {
    return await work(display.show);
  } finally {
    display.end();
  }
}

function measure(done: number, total: number | undefined): string {
  if (total === undefined || total === 0) return formatBytes(done);
  const share = Math.min(1, done / total);
  const filled = Math.round(share * BAR);
  const percent = `${Math.floor(share * 100)}%`.padStart(4);
  return `[${'='.repeat(filled)}${' '.repeat(BAR - filled)}]${percent} of ${formatBytes(total)}`;
}
