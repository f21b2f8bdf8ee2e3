// SPDX-License-Identifier: Apache-2.0
// thaw exec: one more process in a container that runs, beside its first one.

import type { Client, ExecOptions, RunOutcome } from '../../api/engine.js';
import { Forget, type ExitStatus } from '../../api/wire.js';
import { Steps } from '../../base/steps.js';
import { DEFAULT_PATH, resolveUser } from '../../image/index.js';
import { mayHaveStarted } from '../../sandbox/agent/calls.js';
import type { ContainerSandbox } from '../../sandbox/sandbox.js';
import type { Container } from '../lifecycle/container.js';
import { stateError } from '../errors.js';
import type { ContainerServices } from '../store/containers.js';
import { noticePauses } from '../pause/detect.js';
import { limitsOf } from '../store/record.js';
import { buildProcess, type ProcessObject } from '../create/spec.js';
import { clientEnv, processFlags, toObject } from '../create/start.js';

/**
 * Runs a process in the client's foreground, or starts it, detached. Nothing of it is written down.
 * Rejects when it never ran: ERR_CONTAINER_STATE, ERR_IMAGE_USER, ERR_AGENT_CMD_NOENT and the like.
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

/** Resolves with how the process ended, where it was not detached and somebody knows. Rejects as execIn() does. */
export async function runIn(
  services: ContainerServices,
  container: Container,
  options: ExecOptions,
  client: Client,
): Promise<ExitStatus | undefined> {
  const { ended } = await beginIn(services, container, options, client);
  return options.detach ? undefined : ended;
}

/** Resolves once the process runs, with its id and a promise of how it ends: undefined where nobody knows. Rejects as execIn() does. */
export async function beginIn(
  services: ContainerServices,
  container: Container,
  options: ExecOptions,
  client: Client,
): Promise<{ id: number; ended: Promise<ExitStatus | undefined> }> {
  await container.exclusiveDone();
  // No agent of a paused domain answers.
  await noticePauses(services, [container]);
  const { record, sandbox } = container;
  if (record.state !== 'running' || !sandbox) {
    throw stateError('run a command in', record);
  }
  const processJson = JSON.stringify(await planExec(services, container, options, client));
  const { id, ended } = container.execs.add();
  const steps = new Steps(services.log, `Process ${id} of ${record.name}`);
  try {
    await start(sandbox, { id, container: record.inGuest, processJson }, options, client, steps);
  } catch (error) {
    container.execs.end(id);
    throw error;
  } finally {
    steps.done();
  }
  return { id, ended };
}

async function start(
  sandbox: ContainerSandbox,
  what: { id: number; container: string; processJson: string },
  options: ExecOptions,
  client: Client,
  steps: Steps,
): Promise<void> {
  const { id, container, processJson } = what;
  const flags = processFlags(options);
  await steps.time('expect', sandbox.shim.expect(id, flags, '', ''));
  try {
    if (!options.detach) await steps.time('join', client.join(sandbox.shimSocket, id, flags));
    client.signal.throwIfAborted();
    const { rows, cols } = client;
    const request = { process: id, flags, rows, cols, container, processJson };
    await steps.time('exec', sandbox.exec(request));
  } catch (error) {
    if (mayHaveStarted(error)) sandbox.shim.signal(id, SIGKILL);
    sandbox.shim.forget(id, mayHaveStarted(error) ? Forget.LEFT : Forget.REFUSED);
    throw error;
  }
}

const SIGKILL = 9;

/** The container's own process with what the options change. */
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

/** For a container that a thawd started which did not write its process down. */
const UNKNOWN: ProcessObject = {
  ...{ args: [], env: [`PATH=${DEFAULT_PATH}`], cwd: '/' },
  user: { uid: 0, gid: 0, additionalGids: [] },
};

/** By the image's /etc/passwd. Its home is HOME, where the image does not set that. */
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
