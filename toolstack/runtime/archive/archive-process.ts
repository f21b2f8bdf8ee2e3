// SPDX-License-Identifier: Apache-2.0
// Runs archive processes of the agent, which carry files. They start like processes of `thaw exec`. The launcher or thawd has their streams.

import { ArchiveOption, ArchiveVerb, type ArchiveRequest } from '../../agent/wire-process.js';
import type { Client } from '../../api/engine.js';
import { ProcessFlag, type ExitStatus } from '../../api/wire.js';
import { CopyError } from '../../archive/errors.js';
import { Attached } from '../../sandbox/shim/attached.js';
import { addProcess } from '../exec/add-process.js';
import type { FileGuest } from './file-guest.js';

/** The task of the process. */
export type ArchiveOptions = Pick<ArchiveRequest, 'verb' | 'path' | 'name'> &
  Partial<Pick<ArchiveRequest, 'options' | 'owner'>>;

const SIGKILL = 9;

/** Joins the client to the process. Resolves when the process has ended. Rejects when it never ran. */
export async function joinFiles(
  fileGuest: FileGuest,
  archive: ArchiveOptions,
  client: Client,
): Promise<void> {
  const { sandbox } = fileGuest;
  const flags = flagsOf(archive);
  const { ended } = await start(fileGuest, archive, (id) =>
    client.join(sandbox.shimSocket, id, flags),
  );
  await ended;
}

/**
 * Runs `work` on the process's streams. Resolves with its result once both have ended. Rejects with ERR_COPY and the process's message if
 * the process fails, otherwise as `work` does. An abort ends the process.
 */
export async function useFiles<T>(
  fileGuest: FileGuest,
  archive: ArchiveOptions,
  signal: AbortSignal,
  work: (process: Attached) => Promise<T>,
): Promise<T> {
  let attached: Attached | undefined;
  const { id } = await start(fileGuest, archive, async (process) => {
    const feeds = flagsOf(archive) !== 0;
    attached = await Attached.open(fileGuest.sandbox.shimSocket, process, feeds);
  });
  if (!attached) throw new TypeError('The process was not joined');
  const process = attached;
  const stop = (): void => {
    fileGuest.sandbox.shim.signal(id, SIGKILL);
    process.close();
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    const worked = work(process).then(
      (value) => ({ value }),
      (error: unknown) => {
        // The process must not take a part of its input for the whole input.
        stop();
        return { error };
      },
    );
    const ended = await process.ended.catch((error: unknown) => ({ lost: error }));
    const result = await worked;
    signal.throwIfAborted();
    if ('kind' in ended && !isGood(ended)) throw said(process.errors, ended);
    if ('error' in result) throw result.error;
    if ('lost' in ended) throw ended.lost;
    return result.value;
  } finally {
    signal.removeEventListener('abort', stop);
    process.close();
  }
}

function isGood(exit: ExitStatus): boolean {
  return exit.kind === 'exited' && exit.code === 0;
}

/** Returns an error with the process's own message, which an untrusted guest wrote. */
function said(untrusted: string, exit: ExitStatus): CopyError {
  const words = untrusted.replace(/^thaw: /, '');
  const how = exit.kind === 'exited' ? `status ${exit.code}` : `signal ${exit.signal}`;
  return new CopyError(
    words === '' ? `The guest cannot carry the files: it ended with ${how}` : words,
  );
}

function flagsOf({ verb }: ArchiveOptions): number {
  return verb === ArchiveVerb.PUT || verb === ArchiveVerb.UNPACK ? ProcessFlag.STDIN : 0;
}

async function start(
  { sandbox, execs, inGuest }: FileGuest,
  archive: ArchiveOptions,
  join: (process: number) => Promise<void>,
): Promise<{ id: number; ended: Promise<ExitStatus | undefined> }> {
  const flags = flagsOf(archive);
  const { verb, options = 0 } = archive;
  // Processes in a running container see its mounts. Changes and layers must not include them.
  const seesMounts = verb !== ArchiveVerb.CHANGES && verb !== ArchiveVerb.LAYER;
  const isNamed = seesMounts || (options & ArchiveOption.FROZEN) !== 0;
  const request = { ...archive, options, flags, container: isNamed ? inGuest : '' };
  const begin = (process: number): Promise<void> => sandbox.archive({ ...request, process });
  return addProcess({ execs, sandbox }, { flags, join, begin });
}
