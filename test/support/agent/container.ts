// SPDX-License-Identifier: Apache-2.0
// Containers for the agent's tests: a root filesystem of one static busybox, and a small OCI config.

import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { AgentType } from '../../../toolstack/agent/wire.js';
import { encodeBegin, encodeExec, encodeStart } from '../../../toolstack/agent/wire-process.js';
import { encodeFields } from '../../../toolstack/base/frame.js';
import type { AgentClient } from './agent-client.js';
import type { AgentProcess } from './agent-process.js';

/** Puts busybox and its names into a folder. */
export function makeRootfs(folder: string): void {
  for (const name of ['bin', 'etc', 'proc', 'dev', 'tmp'])
    mkdirSync(join(folder, name), { recursive: true });
  copyFileSync('/bin/busybox', join(folder, 'bin/busybox'));
  execFileSync('chroot', [folder, '/bin/busybox', '--install', '-s', '/bin']);
}

export interface ContainerOptions {
  rootfs?: string;
  isFed?: boolean;
  hasTerminal?: boolean;
  rows?: number;
  cols?: number;
  /** False: the container shares the agent's pid namespace, so its left-over processes live on. */
  hasPidNamespace?: boolean;
  /** A network of its own, without a connection to any other. */
  hasNetwork?: boolean;
  files?: Record<string, string>;
  isAutoCredited?: boolean;
  /** The config to use instead of one made from the other options. */
  config?: string;
}

export function ociConfig(agent: AgentClient, args: string[], options: ContainerOptions): string {
  const kinds = ['mount', 'uts', 'ipc', ...(options.hasPidNamespace === false ? [] : ['pid'])];
  if (options.hasNetwork) kinds.push('network');
  const capabilities = ['CAP_KILL', 'CAP_SETUID', 'CAP_SETGID'];
  return JSON.stringify({
    ociVersion: '1.0.2',
    process: {
      terminal: options.hasTerminal ?? false,
      user: { uid: 0, gid: 0 },
      args,
      env: ['PATH=/bin', 'TERM=xterm'],
      cwd: '/',
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: {
      path: join(agent.run, 'roots', options.rootfs ?? 'base', 'rootfs'),
      readonly: false,
    },
    hostname: 'container',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['newinstance', 'ptmxmode=0666'],
      },
    ],
    linux: { namespaces: kinds.map((type) => ({ type })) },
  });
}

/** STARTs a container and returns its process; throws Refusal. */
export async function startContainer(
  agent: AgentClient,
  container: string,
  args: string[],
  options: ContainerOptions = {},
): Promise<AgentProcess> {
  const { isAutoCredited } = options;
  const process = agent.newProcess(isAutoCredited === undefined ? {} : { isAutoCredited });
  await agent.request(AgentType.START, startPayload(agent, process.id, container, args, options));
  return process;
}

/** CREATEs a container; beginContainer() gives its process its permanent id. */
export async function createContainer(
  agent: AgentClient,
  container: string,
  args: string[],
  options: ContainerOptions = {},
): Promise<void> {
  const payload = startPayload(agent, CREATED_ID, container, args, options);
  await agent.request(AgentType.CREATE, payload);
}

const CREATED_ID = 9999;

/** BEGINs a created container and returns its process. */
export async function beginContainer(
  agent: AgentClient,
  container: string,
  options: ContainerOptions & { hostname?: string } = {},
): Promise<AgentProcess> {
  const process = agent.newProcess();
  await agent.request(
    AgentType.BEGIN,
    encodeBegin({
      process: process.id,
      flags: processFlags(options),
      rows: options.rows ?? 0,
      cols: options.cols ?? 0,
      container,
      hostname: options.hostname ?? '',
      files: options.files ?? {},
    }),
  );
  return process;
}

/** EXECs one more process in a running container, and returns it. */
export async function execInContainer(
  agent: AgentClient,
  container: string,
  args: string[],
  options: ContainerOptions & { process?: object } = {},
): Promise<AgentProcess> {
  const { isAutoCredited } = options;
  const process = agent.newProcess(isAutoCredited === undefined ? {} : { isAutoCredited });
  const config = JSON.parse(ociConfig(agent, args, options)) as { process: object };
  await agent.request(
    AgentType.EXEC,
    encodeExec({
      process: process.id,
      flags: processFlags(options),
      rows: options.rows ?? 0,
      cols: options.cols ?? 0,
      container,
      processJson: JSON.stringify({ ...config.process, ...options.process }),
    }),
  );
  return process;
}

function startPayload(
  agent: AgentClient,
  id: number,
  container: string,
  args: string[],
  options: ContainerOptions,
): Buffer {
  return encodeStart({
    process: id,
    flags: processFlags(options),
    rows: options.rows ?? 0,
    cols: options.cols ?? 0,
    container,
    rootfs: options.rootfs ?? 'base',
    config: options.config ?? ociConfig(agent, args, options),
    files: options.files ?? {},
  });
}

function processFlags(options: ContainerOptions): number {
  return (options.isFed ? 1 : 0) | (options.hasTerminal ? 2 : 0);
}

export async function deleteContainer(agent: AgentClient, container: string): Promise<void> {
  await agent.request(AgentType.DELETE, encodeFields([container]));
}
