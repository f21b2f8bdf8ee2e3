// SPDX-License-Identifier: Apache-2.0
// run: creates and starts a container and, unless it is detached, waits for its end and returns its status (runc(8)).

import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { Client } from '../../../api/client.js';
import { shellStatus } from '../../../api/wire.js';
import { sleep } from '../../../base/deadline.js';
import type { OciContainer } from '../container/container.js';
import type { OciContainers } from '../container/containers.js';
import type { CreateRequest } from '../config/plan.js';

export interface RunOptions {
  detach: boolean;
  /** True where run() does not delete the container at its end. */
  keep: boolean;
}

/** Resolves with the status for the caller: 0 for a detached container. Rejects as create() and start() do; then nothing of the container remains. */
export async function run(
  containers: OciContainers,
  request: CreateRequest,
  { detach, keep }: RunOptions,
  client: Client,
): Promise<number> {
  const { root, id } = request;
  const container = await containers.create({ ...request, isAttended: !detach }, client);
  try {
    await containers.start(root, id);
  } catch (error) {
    await containers.remove(container);
    throw error;
  }
  return detach ? 0 : untilEnd(containers, container, keep, client);
}

/** Waits for the end of a container that runs, as run() does from the start on. */
export async function untilEnd(
  containers: OciContainers,
  container: OciContainer,
  keep: boolean,
  client: Client,
): Promise<number> {
  const { record } = container;
  const { root, id } = record;
  const stop = (): void =>
    void containers.kill(root, id, constants.signals.SIGTERM).catch(() => undefined);
  client.signal.addEventListener('abort', stop, { once: true });
  // The signal may have aborted before the listener was there.
  if (client.signal.aborted) stop();
  try {
    await container.finished;
    await untilGone(record.pid);
  } finally {
    client.signal.removeEventListener('abort', stop);
    if (!keep) await containers.remove(container);
  }
  return record.exit ? shellStatus(record.exit) : UNKNOWN_STATUS;
}

/** The status of a container that was killed. */
const UNKNOWN_STATUS = 128 + constants.signals.SIGKILL;
const GONE_MS = 5000;
const POLL_MS = 20;

/** Waits for the stand-in's end, at most GONE_MS: it may still have output of the container to write. */
async function untilGone(pid: number): Promise<void> {
  for (const end = Date.now() + GONE_MS; Date.now() < end; await sleep(POLL_MS)) {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
    // The state follows the name, which may have any character in it. A zombie has written all its output.
    if (stat === '' || stat.slice(stat.lastIndexOf(')')).startsWith(') Z')) return;
  }
}
