// SPDX-License-Identifier: Apache-2.0
// Runs the store's programs in the background, with a deadline and a signal. The programs end when thawd ends.
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import type { PolicyName } from '../base/seccomp/policies.js';
import { ImageError } from './errors.js';
import { filtered, GIB, parserWalls, walledUid, wrapped, type Walls } from './tool-walls.js';

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

/** Walls of a program that keeps root's files. */
export interface RootOptions extends ToolOptions {
  readonly policy: PolicyName;
  /** The program keeps all of root's capabilities, not only those for files of any owner. */
  readonly keepsCaps?: boolean;
}

/** The files that a parser may use behind its walls (tool-walls.ts). */
export interface WalledFiles {
  /** A file that the program makes, at FILE. It belongs to root again afterwards. */
  readonly writes?: string;
  /** A file that the program reads at FILE. */
  readonly readsFile?: string;
  /** A folder that the program reads. */
  readonly reads?: string;
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

type ToolProcess = ChildProcessByStdio<Writable, Readable, Readable>;

export interface RunningTool {
  readonly child: ToolProcess;
  /** Resolves with stdout at status 0; rejects with ToolFailure or ImageError. Settles only after the process has ended. */
  readonly done: Promise<Buffer>;
}

/** Above all else in dom0 (proc(5), oom_score_adj): a pull that fails for want of memory can be repeated. */
const OOM_SCORE = '700';

/** Read and write files of any owner. */
const FILE_CAPS = '-all,+chown,+dac_override,+dac_read_search,+fowner';

/**
 * Starts a program of root's, which gains no privileges by its files and is killed first when dom0 is short of memory. setpriv sets the parent-death
 * signal: otherwise skopeo would go on downloading after thawd was killed, and mkfs.erofs 1.8 would spin for ever when its input ends early.
 */
export async function startTool(
  tool: string,
  args: readonly string[],
  options: RootOptions,
): Promise<RunningTool> {
  const { words, filter } = await filtered(options.policy);
  const limits = [
    ...['prlimit', `--as=${8 * GIB}`, '--core=0', '--'],
    ...['setpriv', '--pdeathsig', 'KILL', '--no-new-privs', ...words],
    ...(options.keepsCaps ? [] : [`--bounding-set=${FILE_CAPS}`, `--inh-caps=${FILE_CAPS}`]),
  ];
  const env = { ...process.env, LC_ALL: 'C', TMPDIR: options.tmpDir };
  return launch(
    tool,
    [...limits, '--', tool, ...args],
    { env, cwd: options.tmpDir, filter },
    options,
  );
}

/** Starts a parser as startTool() does, behind walls that let it use these files alone. Rejects when a file cannot be opened. */
export async function startWalled(
  tool: string,
  args: readonly string[],
  { writes, readsFile, reads }: WalledFiles,
  options: ToolOptions,
): Promise<RunningTool> {
  const uid = walledUid();
  const path = writes ?? readsFile;
  const isWritten = writes !== undefined;
  const handle = path === undefined ? undefined : await open(path, isWritten ? 'w+' : 'r', 0o644);
  try {
    if (isWritten) await handle?.chown(uid, uid);
    const file = handle && (isWritten ? 'write' : 'read');
    const walls = parserWalls(uid, { file, reads });
    const { child, done } = await startBehind(walls, tool, args, { file: handle?.fd }, options);
    const ended = done.finally(async () => {
      if (isWritten) await handle?.chown(0, 0);
      await handle?.close();
    });
    return { child, done: ended };
  } catch (error) {
    await handle?.close();
    throw error;
  }
}

/** Starts a program behind walls. `file` is a descriptor that the program finds at FILE. */
export async function startBehind(
  walls: Walls,
  tool: string,
  args: readonly string[],
  { file, env = {} }: { file?: number | undefined; env?: NodeJS.ProcessEnv },
  options: ToolOptions,
): Promise<RunningTool> {
  const { words, filter } = await wrapped(walls);
  const own = { PATH: process.env['PATH'], LC_ALL: 'C', ...env };
  return launch(
    tool,
    [...words, '--', tool, ...args],
    { env: own, cwd: '/', file, filter },
    options,
  );
}

interface Launch {
  env: NodeJS.ProcessEnv;
  cwd: string;
  file?: number | undefined;
  filter: number | undefined;
}

function launch(
  tool: string,
  words: readonly string[],
  { env, cwd, file, filter }: Launch,
  options: ToolOptions,
): RunningTool {
  const child = spawn('choom', ['-n', OOM_SCORE, '--', ...words], {
    stdio: ['pipe', 'pipe', 'pipe', file ?? 'ignore', filter ?? 'ignore'],
    env,
    cwd,
  }) as ToolProcess;
  return { child, done: finish(tool, child, options) };
}

/** Runs a program without input as startWalled() does, and resolves with its stdout. */
export async function runWalled(
  tool: string,
  args: readonly string[],
  files: WalledFiles,
  options: ToolOptions,
): Promise<Buffer> {
  return withoutInput(await startWalled(tool, args, files, options));
}

/** Ends the program's input, and resolves with its stdout. Rejects as RunningTool.done does. */
export function withoutInput({ child, done }: RunningTool): Promise<Buffer> {
  child.stdin.on('error', () => undefined);
  child.stdin.end();
  return done;
}

/** Runs a program without input as startTool() does, and resolves with its stdout. */
export async function runTool(
  tool: string,
  args: readonly string[],
  options: RootOptions,
): Promise<Buffer> {
  return withoutInput(await startTool(tool, args, options));
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
