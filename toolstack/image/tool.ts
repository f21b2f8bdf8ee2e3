// SPDX-License-Identifier: Apache-2.0
// Runs the store's programs in the background, with a deadline and a signal. The programs end when thawd ends.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { ImageError } from './errors.js';

const PACKAGES: Readonly<Record<string, string>> = {
  skopeo: 'skopeo',
  'mkfs.erofs': 'erofs-utils',
  zstd: 'zstd',
  tar: 'tar',
};
const STDERR_MAX = 64 * 1024;

export interface ToolOptions {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** The folder for the tool's temporary files: they use the store's disk, not /tmp, and are removed with the pull's folder. */
  readonly tmpDir: string;
  readonly stdoutMax?: number;
  /** The caller reads stdout itself. */
  readonly isPiped?: boolean;
}

/** A program ended with a signal or a status other than 0; `stderr` is the last 64 KiB of its output. */
export class ToolFailure extends Error {
  readonly stderr: string;

  constructor(tool: string, how: string, stderr: string) {
    super(`${tool} ${how}: ${lastLine(stderr)}`);
    this.name = 'ToolFailure';
    this.stderr = stderr;
  }
}

export interface RunningTool {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  /** Resolves with stdout at status 0; rejects with ToolFailure or ImageError. Settles only after the process has ended. */
  readonly done: Promise<Buffer>;
}

/** Above all else in dom0 (proc(5), oom_score_adj): a pull that fails for want of memory can be repeated. */
const OOM_SCORE = '700';

/**
 * Starts a program, which gains no privileges by its files and is killed first when dom0 is short of memory. setpriv sets the parent-death signal:
 * otherwise skopeo would go on downloading after thawd was killed, and mkfs.erofs 1.8 would spin for ever when its input ends early.
 */
export function startTool(
  tool: string,
  args: readonly string[],
  options: ToolOptions,
): RunningTool {
  const limits = ['setpriv', '--pdeathsig', 'KILL', '--no-new-privs'];
  const child = spawn('choom', ['-n', OOM_SCORE, '--', ...limits, '--', tool, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', TMPDIR: options.tmpDir },
    cwd: options.tmpDir,
  });
  return { child, done: finish(tool, child, options) };
}

/** Runs a program without input, and resolves with its stdout. Rejects as RunningTool.done does. */
export async function runTool(
  tool: string,
  args: readonly string[],
  options: ToolOptions,
): Promise<Buffer> {
  const { child, done } = startTool(tool, args, options);
  child.stdin.on('error', () => undefined);
  child.stdin.end();
  return done;
}

async function finish(
  tool: string,
  child: ChildProcessByStdio<Writable, Readable, Readable>,
  options: ToolOptions,
): Promise<Buffer> {
  let stderr = '';
  let stdoutBytes = 0;
  const stdout: Buffer[] = [];
  let stopped: ImageError | undefined;
  const stop = (error: ImageError) => {
    stopped ??= error;
    child.kill('SIGKILL');
  };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_MAX);
  });
  if (options.isPiped !== true) {
    child.stdout.on('data', (chunk: Buffer) => take(chunk));
  }
  const take = (chunk: Buffer) => {
    stdoutBytes += chunk.length;
    if (stdoutBytes > (options.stdoutMax ?? 1024 * 1024)) {
      stop(
        new ImageError(
          'ERR_IMAGE_CORRUPT',
          `Output of ${tool} is longer than ${options.stdoutMax ?? 1024 * 1024} bytes`,
        ),
      );
    } else stdout.push(chunk);
  };
  const onAbort = () =>
    stop(
      new ImageError('ERR_IMAGE_ABORTED', `${tool} was cancelled`, {
        cause: options.signal.reason,
      }),
    );
  if (options.signal.aborted) onAbort();
  options.signal.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(
    () =>
      stop(
        new ImageError(
          'ERR_IMAGE_TIMEOUT',
          `${tool} took longer than ${Math.round(options.timeoutMs / 1000)} s`,
        ),
      ),
    options.timeoutMs,
  );
  try {
    const [status, signal] = await new Promise<[number | null, NodeJS.Signals | null]>(
      (resolve, reject) => {
        child.once('error', reject);
        child.once('close', (s, g) => resolve([s, g]));
      },
    ).catch((error: unknown) => {
      throw new ImageError(
        'ERR_IMAGE_TOOL',
        'Cannot run choom: install it with apt-get install util-linux',
        { cause: error },
      );
    });
    if (stopped) throw stopped;
    if (status === 127 && stderr.startsWith('setpriv: ')) {
      throw new ImageError(
        'ERR_IMAGE_TOOL',
        `Cannot run ${tool}: install it with apt-get install ${PACKAGES[tool] ?? tool}`,
      );
    }
    if (status !== 0)
      throw new ToolFailure(
        tool,
        signal === null ? `ended with status ${status}` : `died of ${signal}`,
        stderr,
      );
    return Buffer.concat(stdout);
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', onAbort);
  }
}

/** Returns the last line that is not empty. */
export function lastLine(text: string): string {
  return (
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .at(-1) ?? 'no message'
  );
}
