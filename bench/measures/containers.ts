// SPDX-License-Identifier: Apache-2.0
// crun.run, podman.run and exec.warm: `true` in a container, as whole commands.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { GuestType } from '../../toolstack/xen/host.js';
import { timeCommand, type Samples } from '../measure.js';
import { IMAGE, WORK } from '../paths.js';
import { makeBundle } from './bundle.js';

/** crun with cgroups, and podman over crun, of the same image without networks. */
export function measurePeers(count: number, podmanCount: number): Samples[] {
  try {
    const bundle = makeBundle();
    const crun = ['crun', '--cgroup-manager=cgroupfs', 'run', '--bundle', bundle, 'bench'];
    execFileSync('podman', ['pull', '-q', IMAGE]);
    const options = ['--runtime=crun', '--network=none', '--cgroups=disabled', '--pull=never'];
    const podman = ['podman', 'run', '--rm', ...options, IMAGE, 'true'];
    timeCommand(2, crun);
    timeCommand(1, podman);
    return [
      { name: 'crun.run', type: 'host', unit: 'ms', samples: timeCommand(count, crun) },
      { name: 'podman.run', type: 'host', unit: 'ms', samples: timeCommand(podmanCount, podman) },
    ];
  } finally {
    rmSync(WORK, { recursive: true, force: true });
  }
}

/** One more process in a container that runs. */
export async function measureExec(type: GuestType, count: number): Promise<Samples> {
  const name = 'bench-exec';
  // What sleeps in the guest would end at once: on this clock time jumps when all are idle.
  const words = ['run', '--rm', '-i', '--name', name, '--type', type, '--memory', '64m'];
  const script = ['sh', '-c', 'echo up; cat'];
  const holder = spawn('thaw', [...words, IMAGE, ...script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(holder, 'close');
  try {
    await Promise.race([
      once(holder.stdout, 'data'),
      ended.then(() => Promise.reject(new Error('The container to exec in ended'))),
    ]);
    const exec = ['thaw', 'exec', name, 'true'];
    timeCommand(5, exec);
    return { name: 'exec.warm', type, unit: 'ms', samples: timeCommand(count, exec) };
  } finally {
    holder.stdin.end();
    await ended;
  }
}
