// SPDX-License-Identifier: Apache-2.0
// exec: one more process in a container that runs, with a stand-in of its own or in the caller's foreground.

import type { Client } from '../../../api/client.js';
import { Forget, ProcessFlag } from '../../../api/wire.js';
import { writeAtomic } from '../../../base/files.js';
import { mayHaveStarted } from '../../../sandbox/agent/calls.js';
import type { Sandbox } from '../../../sandbox/sandbox.js';
import type { OciContainer } from '../container/container.js';
import { OciError, programError, savingError, stateError } from '../errors.js';
import { toJson } from '../command-line/json.js';
import type { ProcessSpec } from '../config/config.js';
import { sizeOf, standInOf } from '../config/process.js';
import { nameInGuest } from '../container/record.js';

export interface ExecRequest {
  process: ProcessSpec;
  /** Resolves once it runs, and leaves it to a stand-in; else when the caller is joined to it. */
  detach: boolean;
  /** Absolute, as the console socket; '' for none. */
  pidFile: string;
  consoleSocket: string;
}

/** What is asked for makes sense together. Throws ERR_USAGE. Pure. */
export function checkExec({ process, detach, pidFile, consoleSocket }: ExecRequest): void {
  const { terminal } = process;
  const wrong = (text: string): OciError => new OciError('ERR_USAGE', text);
  if (consoleSocket !== '' && !(terminal && detach))
    throw wrong('--console-socket is for a process with a terminal that is detached');
  if (terminal && detach && consoleSocket === '')
    throw wrong('--console-socket is wanted for the terminal of a process that is detached');
  if (pidFile !== '' && !detach) throw wrong('--pid-file is for a process that is detached');
}

/** Rejects with ERR_OCI_STATE, ERR_USAGE, ERR_AGENT_CMD_NOENT and the like when it never ran; nothing of it is left then. */
export async function exec(
  container: OciContainer,
  request: ExecRequest,
  client: Client,
): Promise<void> {
  const { record, sandbox } = container;
  checkExec(request);
  if (record.state !== 'running' || !sandbox) throw stateError('exec in', record);
  if (container.isSaving) throw savingError('exec in', record);
  const { process: spec, detach, pidFile, consoleSocket } = request;
  const { id } = container.execs.add();
  const flags = ProcessFlag.STDIN | (spec.terminal ? ProcessFlag.TTY : 0);
  try {
    await sandbox.shim.expect(id, flags, '', '');
    const pid = await begin();
    // Engines look at the pid as soon as it is there.
    if (pidFile !== '')
      await writeAtomic(pidFile, String(pid), { lasts: false }).catch((error: unknown) => {
        sandbox.shim.signal(id, SIGKILL);
        throw error;
      });
  } catch (error) {
    container.execs.end(id);
    throw error;
  }

  async function begin(): Promise<number> {
    const { shim, shimSocket } = sandbox as Sandbox;
    let pid = 0;
    try {
      const { rows, cols } = spec.terminal && !detach ? client : sizeOf(spec);
      if (detach) {
        const what = { shimSocket, process: id, flags, console: consoleSocket };
        pid = await client.standIn(standInOf(record, what, `/proc/${record.pid}/ns/net`));
        container.standIns.set(id, pid);
      } else await client.join(shimSocket, id, flags);
      client.signal.throwIfAborted();
      const processJson = toJson(spec);
      const where = { process: id, flags, rows, cols, container: nameInGuest(record) };
      await sandbox?.exec({ ...where, processJson });
      return pid;
    } catch (error) {
      if (mayHaveStarted(error)) shim.signal(id, SIGKILL);
      container.standIns.delete(id);
      // A launcher hears from thawd what became of it, a stand-in from the shim alone; and one may be there that nobody said was.
      const isTold = !detach && !mayHaveStarted(error);
      shim.forget(id, isTold ? Forget.REFUSED : Forget.LEFT);
      throw programError(error, spec.args);
    }
  }
}

const SIGKILL = 9;
