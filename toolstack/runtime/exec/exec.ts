// SPDX-License-Identifier: Apache-2.0
// thaw exec: runs one more process in a running container.

import type { Client, ExecOptions, RunOutcome } from '../../api/engine.js';
import type { ExitStatus } from '../../api/wire.js';
import { Steps } from '../../base/steps.js';
import { DEFAULT_PATH, resolveUser } from '../../image/index.js';
import type { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { noticePauses } from '../pause/detect.js';
import { limitsOf } from '../store/record.js';
import { buildProcess, type ProcessObject } from '../create/guest-config.js';
import { clientEnv, processFlags, toObject } from '../create/first-process.js';
import { addProcess } from './add-process.js';

/**
 * Runs a process in the client's foreground, or starts it detached. No record names the process. Rejects when the process never ran:
 * ERR_CONTAINER_STATE, ERR_IMAGE_USER, ERR_AGENT_CMD_NOENT and the like.
 */
export async function execIn(
  services: ContainerServices,
  container: Container,
  options: ExecOptions,
  client: Client,
): Promise<RunOutcome> {
  await runIn(services, container, options, client);
  return options.detach ? { joined: false, status: 0 } : { joined: true };
}

/** Resolves with the process's end, or with undefined for a detached process or a lost container. Rejects as execIn() does. */
export async function runIn(
  services: ContainerServices,
  container: Container,
  options: ExecOptions,
  client: Client,
): Promise<ExitStatus | undefined> {
  const { ended } = await beginIn(services, container, options, client);
  return options.detach ? undefined : ended;
}

/** Resolves when the process runs, with its number and a promise of its end. Rejects as execIn() does. */
export async function beginIn(
  services: ContainerServices,
  container: Container,
  options: ExecOptions,
  client: Client,
): Promise<{ id: number; ended: Promise<ExitStatus | undefined> }> {
  await container.exclusiveDone();
  // The agent of a paused domain does not answer.
  await noticePauses(services, [container]);
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) throw stateError('run a command in', record);
  const processJson = JSON.stringify(await planExec(services, container, options, client));
  const flags = processFlags(options);
  const join = (process: number): Promise<void> => client.join(sandbox.shimSocket, process, flags);
  const begin = (process: number): Promise<void> => {
    const { rows, cols } = client;
    return sandbox.exec({ process, flags, rows, cols, container: record.inGuest, processJson });
  };
  return addProcess(
    { execs: container.execs, sandbox },
    {
      flags,
      begin,
      signal: client.signal,
      join: options.detach ? undefined : join,
      steps: (process) => new Steps(services.log, `Process ${process} of ${record.name}`),
    },
  );
}

/** Returns the container's first process with the changes that the options ask for. */
async function planExec(
  services: ContainerServices,
  container: Container,
  options: ExecOptions,
  client: Client,
): Promise<ProcessObject> {
  const own = container.record.process ?? UNKNOWN;
  const changed = toObject(clientEnv(options.env, client.env));
  const { user, home } =
    options.user === undefined
      ? { user: own.user, home: {} }
      : await findUser(services, container, options.user);
  const env = {
    ...(options.tty ? { TERM: 'xterm' } : {}),
    ...toObject(own.env),
    ...home,
    ...changed,
  };
  return buildProcess({
    args: options.command,
    env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
    cwd: options.workdir ?? own.cwd,
    user,
    tty: options.tty,
    rows: client.rows,
    cols: client.cols,
    confinement: limitsOf(container.record),
  });
}

/** Replaces the process that the records of early thawd versions lack. */
const UNKNOWN: ProcessObject = {
  args: [],
  env: [`PATH=${DEFAULT_PATH}`],
  cwd: '/',
  user: { uid: 0, gid: 0, additionalGids: [] },
};

/** Finds a user in the image's /etc/passwd. Sets HOME to the user's home unless the image sets HOME. */
async function findUser(services: ContainerServices, container: Container, wanted: string) {
  const images = await services.images.list();
  const image = images.find(({ id }) => id === container.record.imageId);
  const { uid, gid, additionalGids, home } = resolveUser(
    wanted,
    image?.passwd ?? '',
    image?.group ?? '',
  );
  const isSet = image?.config.env.some((item) => item.startsWith('HOME=')) ?? false;
  return { user: { uid, gid, additionalGids }, home: isSet ? {} : { HOME: home } };
}
