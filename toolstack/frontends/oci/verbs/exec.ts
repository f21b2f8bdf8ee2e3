// SPDX-License-Identifier: Apache-2.0
// exec: runs one more process in a running container, with its own stand-in or in the caller's foreground.

import { constants } from 'node:os';
import type { Client } from '../../../api/client.js';
import { ProcessFlag } from '../../../api/wire.js';
import { writeAtomic } from '../../../base/files.js';
import { addProcess } from '../../../runtime/exec/add-process.js';
import type { OciContainer } from '../container/container.js';
import { OciError, programError, savingError, stateError } from '../errors.js';
import { toJson } from '../command-line/json.js';
import type { ProcessSpec } from '../config/config.js';
import { sizeOf, standInOf } from '../config/process.js';
import { nameInGuest } from '../container/record.js';

export interface ExecRequest {
  process: ProcessSpec;
  /** True where a stand-in joins the process, in place of the caller. */
  detach: boolean;
  /** An absolute path, as is `consoleSocket`; '' for none. */
  pidFile: string;
  consoleSocket: string;
}

/** Throws ERR_USAGE where options contradict one another. Pure. */
export function checkExec({ process, detach, pidFile, consoleSocket }: ExecRequest): void {
  const { terminal } = process;
  const wrong = (text: string): OciError => new OciError('ERR_USAGE', text);
  if (consoleSocket !== '' && !(terminal && detach))
    throw wrong('--console-socket is for a process with a terminal that is detached');
  if (terminal && detach && consoleSocket === '')
    throw wrong('--console-socket is wanted for the terminal of a process that is detached');
  if (pidFile !== '' && !detach) throw wrong('--pid-file is for a process that is detached');
}

/** Resolves when the process runs. Rejects with ERR_OCI_STATE, ERR_USAGE, ERR_AGENT_CMD_NOENT and the like; then nothing of the process remains. */
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
  const { shim, shimSocket } = sandbox;
  const flags = ProcessFlag.STDIN | (spec.terminal ? ProcessFlag.TTY : 0);
  const { rows, cols } = spec.terminal && !detach ? client : sizeOf(spec);
  const of = { flags, rows, cols, container: nameInGuest(record), processJson: toJson(spec) };
  let pid = 0;
  const leaveStandIn = async (process: number): Promise<void> => {
    const what = { shimSocket, process, flags, console: consoleSocket };
    pid = await client.standIn(standInOf(record, what, `/proc/${record.pid}/ns/net`));
    container.standIns.set(process, pid);
  };
  const { id } = await addProcess(
    { execs: container.execs, sandbox },
    {
      flags,
      signal: client.signal,
      hearsShimOnly: detach,
      join: detach ? leaveStandIn : (process) => client.join(shimSocket, process, flags),
      begin: (process) => sandbox.exec({ ...of, process }),
      onFailed: (process) => container.standIns.delete(process),
    },
  ).catch((error: unknown) => {
    throw programError(error, spec.args);
  });
  if (pidFile === '') return;
  // Container engines read the pid as soon as the file exists.
  await writeAtomic(pidFile, String(pid), { lasts: false }).catch((error: unknown) => {
    shim.signal(id, SIGKILL);
    container.execs.end(id);
    throw error;
  });
}

const { SIGKILL } = constants.signals;
