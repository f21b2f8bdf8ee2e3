// SPDX-License-Identifier: Apache-2.0
// Runs hooks: programs of dom0 that an engine wants run at points of a container's lifecycle (config.md, POSIX-platform Hooks).

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sleep } from '../../../base/deadline.js';
import { errorMessage } from '../../../base/errors.js';
import { printable } from '../../../base/text.js';
import type { Hook, HookPoint } from '../config/hooks.js';
import { OciError } from '../errors.js';

const SAID_MAX = 2000;
const SAID_MS = 200;

export interface HookRun {
  /** The container's state as JSON. Each hook gets it on its standard input. */
  state: string;
  /** The working directory of the hooks. */
  cwd: string;
  /** A process with the namespaces in which the hooks run, beside dom0's files; undefined for dom0's namespaces. */
  pid?: number;
  /** Aborts when the container is not wanted any more, which kills a running hook. */
  signal?: AbortSignal;
}

/** Runs the hooks in order. Rejects with ERR_OCI_HOOK at the first failure, with the hook's path and its output; the other hooks do not run. */
export async function runHooks(
  point: HookPoint,
  hooks: readonly Hook[],
  run: HookRun,
): Promise<void> {
  for (const [index, hook] of hooks.entries()) {
    const failed = await runHook(hook, run).catch((error: unknown) => errorMessage(error));
    if (failed === undefined) continue;
    run.signal?.throwIfAborted();
    throw new OciError('ERR_OCI_HOOK', `hooks.${point}[${index}] ${hook.path} ${failed}`);
  }
}

/** Resolves with a description of the failure; undefined for success. */
async function runHook(
  hook: Hook,
  { state, cwd, pid, signal }: HookRun,
): Promise<string | undefined> {
  const own = hook.args.slice(1);
  const inside = ['--uts', '--ipc', '--net', `--target=${pid}`, '--', hook.path, ...own];
  const [program, args] = pid === undefined ? [hook.path, own] : ['/usr/bin/nsenter', inside];
  const limits = [signal, AbortSignal.timeout(hook.timeoutMs)];
  const child = spawn(program, args, {
    cwd,
    stdio: ['pipe', 'ignore', 'pipe'],
    killSignal: 'SIGKILL',
    detached: true,
    ...(pid === undefined && hook.args[0] !== undefined ? { argv0: hook.args[0] } : {}),
    env: Object.fromEntries(hook.env.map((item) => split(item))),
  });
  let said = '';
  child.stderr?.on(
    'data',
    (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-SAID_MAX)),
  );
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(state);
  const stop = AbortSignal.any(limits.filter((one) => one !== undefined));
  // The hook has its own process group, so this kills its children too.
  const kill = (): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The process group has ended meanwhile.
    }
  };
  stop.addEventListener('abort', kill, { once: true });
  if (stop.aborted) kill();
  try {
    const [code, by] = (await once(child, 'exit')) as [number | null, string | null];
    if (code === 0) return undefined;
    // A child of the hook may keep its stderr open.
    await Promise.race([once(child, 'close'), sleep(SAID_MS)]);
    if (stop.aborted)
      return signal?.aborted
        ? 'was stopped'
        : `did not end within its timeout of ${hook.timeoutMs / 1000} s`;
    const how = code === null ? `was ended by ${by}` : `ended with status ${code}`;
    return said.trim() === '' ? how : `${how}: ${printable(said.trim(), 500)}`;
  } finally {
    stop.removeEventListener('abort', kill);
    child.stderr?.destroy();
  }
}

function split(item: string): [string, string] {
  const at = item.indexOf('=');
  return at < 0 ? [item, ''] : [item.slice(0, at), item.slice(at + 1)];
}
