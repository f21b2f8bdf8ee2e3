// SPDX-License-Identifier: Apache-2.0
// Runs thaw-oci as container engines do, on bundles that a test makes over one root filesystem.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { command, hasEnded, images, thawdPid, until, type Outcome } from '../dom0/thaw.js';

/** Runs a program and returns its outcome, also a failure. Its input is empty by default. */
export function outcome(words: string[], input = ''): Promise<Outcome> {
  const [program = '', ...args] = words;
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ status: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
    );
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

export const oci = (...words: string[]): Promise<Outcome> => outcome(['thaw-oci', ...words]);

/** Returns the container's state. Throws with the message of `state` when it fails. */
export async function stateOf(id: string): Promise<unknown> {
  const { status, stdout, stderr } = await oci('state', id);
  if (status !== 0) throw new Error(`state ${id}: ${stderr}`);
  return (JSON.parse(stdout) as { status: unknown }).status;
}

/** Lists the ids in a container engine's root. Throws when it cannot be listed. */
export async function idsIn(root = '/run/thaw/oci'): Promise<string[]> {
  const { status, stdout, stderr } = await oci('--root', root, 'list', '-q');
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n').filter((id) => id !== '');
}

/** Makes a folder for bundles, with a root filesystem for all of them. */
export async function bundleRoot(): Promise<string> {
  const root = await mkdtemp('/root/oci-');
  await mkdir(join(root, 'rootfs'));
  await command('umoci', [
    'raw',
    'unpack',
    '--image',
    `${images}/busybox:latest`,
    join(root, 'rootfs'),
  ]);
  return root;
}

/** Makes a bundle over the same root filesystem. */
export async function bundle(root: string, script: string, change: object = {}): Promise<string> {
  const folder = await mkdtemp(join(root, 'bundle-'));
  const config = {
    ociVersion: '1.2.0',
    process: { args: ['sh', '-c', script], cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } },
    root: { path: join(root, 'rootfs') },
    hostname: 'bundle',
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['mode=755'] },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts', options: ['ptmxmode=0666'] },
    ],
    linux: {
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount'].map((type) => ({ type })),
      resources: { memory: { limit: 64 << 20 } },
      cgroupsPath: `/thaw-test/${folder.split('-').at(-1)}`,
    },
    ...change,
  };
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
  return folder;
}

/** Creates a container with its streams on files of its bundle; resolves with its stand-in's pid. */
export function create(t: ExecutionContext, id: string, folder: string): Promise<number> {
  return make(t, ['create'], id, folder);
}

/** Does the same as create(), by another command that makes a container. */
export async function make(
  t: ExecutionContext,
  command: readonly string[],
  id: string,
  folder: string,
): Promise<number> {
  t.teardown(() => oci('delete', '--force', id));
  const words = [...command, '--bundle', folder, '--pid-file', join(folder, 'pid'), id];
  const line = `exec thaw-oci "$@" </dev/null >${folder}/out 2>${folder}/err`;
  t.is(
    (await outcome(['sh', '-c', line, 'sh', ...words])).status,
    0,
    readFileSync(`${folder}/err`, 'utf8'),
  );
  return Number(readFileSync(join(folder, 'pid'), 'utf8'));
}

/** Kills thawd as an accident would. Its shims and containers continue, and the next thawd finds them. */
export async function killThawdAlone(): Promise<void> {
  const pid = thawdPid();
  process.kill(pid, 'SIGKILL');
  await until('thawd is dead', () => hasEnded(pid));
}
