// SPDX-License-Identifier: Apache-2.0
// crun.run, podman.run and exec.warm: times whole commands that run `true` in a container.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { GuestType } from '../../toolstack/xen/host.js';
import { timeCommand, type Samples } from '../measure.js';
import { IMAGE, WORK } from '../paths.js';
import { makeBundle } from './bundle.js';

/** Measures crun with cgroups, and podman over crun, with the same image and without networks. */
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

/** Measures one more process in a running container. */
export async function measureExec(type: GuestType, count: number): Promise<Samples> {
  const name = 'bench-exec';
  // A sleep in the guest would end at once: on the instruction clock time jumps when all CPUs are idle.
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
