// SPDX-License-Identifier: Apache-2.0
// oci.create-start and podman.thaw: `true` as container engines run it, with thaw-oci and with crun.

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { repeat, timeCommand, type Samples } from '../measure.js';
import { IMAGE, WORK } from '../paths.js';
import { poolReady } from '../thawd.js';
import { makeBundle } from './bundle.js';

/** The calls of an engine's monitor: create, start, the wait for the process that create leaves behind, delete. */
const LIFE = `syscall(157, 36, 1, 0, 0, 0) == 0 or die; my ($bundle, @runtime) = @ARGV;
  system(@runtime, "create", "--bundle", $bundle, "bench") == 0 or die "create";
  system(@runtime, "start", "bench") == 0 or die "start";
  wait() > 0 && $? == 0 or die "status $?";
  system(@runtime, "delete", "bench") == 0 or die "delete"`;

/** Measures both runtimes from one bundle in one boot, and `podman run` over both, without a network. */
export async function measureEngines(count: number, podmanCount: number): Promise<Samples[]> {
  try {
    const bundle = makeBundle();
    const life = (...runtime: string[]): string[] => ['perl', '-e', LIFE, bundle, ...runtime];
    const crun = life('crun', '--cgroup-manager=cgroupfs');
    const thaw = life('thaw-oci');
    execFileSync('podman', ['pull', '-q', IMAGE]);
    const podman = (runtime: string): string[] => [
      ...['podman', 'run', '--rm', `--runtime=${runtime}`, '--network=none'],
      ...['--pull=never', IMAGE, 'true'],
    ];
    const warmed = (times: number, warmUps: number, command: string[]): number[] => {
      timeCommand(warmUps, command);
      return timeCommand(times, command);
    };
    // Like all start measurements: a clone waits before each start, and its successor is made after it.
    const fromPool = (times: number, warmUps: number, command: string[]): Promise<number[]> =>
      repeat(times, warmUps, async () => {
        await poolReady({ type: 'pvh' });
        return timeCommand(1, command)[0] ?? NaN;
      });
    const host = { type: 'host', unit: 'ms' } as const;
    const thawInPodman = podman('/usr/bin/thaw-oci');
    return [
      { name: 'oci.create-start.crun', ...host, samples: warmed(count, 2, crun) },
      { name: 'oci.create-start', ...host, samples: await fromPool(count, 3, thaw) },
      { name: 'podman.crun', ...host, samples: warmed(podmanCount, 1, podman('crun')) },
      { name: 'podman.thaw', ...host, samples: await fromPool(podmanCount, 2, thawInPodman) },
    ];
  } finally {
    rmSync(WORK, { recursive: true, force: true });
  }
}
