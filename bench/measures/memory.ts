// SPDX-License-Identifier: Apache-2.0
// dom0.memory: the cost of one more idle micro-domain in dom0, in thawd, its shim and xenstored, private pages only.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { sleep } from '../../toolstack/base/deadline.js';
import type { GuestType } from '../../toolstack/xen/host.js';
import { repeat, type Samples } from '../measure.js';
import { IMAGE } from '../paths.js';
import { poolReady, restartThawd } from '../thawd.js';

const FEW = 4;
const MANY = 104;
/** V8 releases unused memory after it has been idle for some time. */
const IDLE_MS = 60_000;

/** Compares two thawds, one with a hundred more clones in its pool: V8's heap differs by a MiB or so between two processes. */
export async function measureDom0Memory(type: GuestType, count: number): Promise<Samples> {
  try {
    const one = async (): Promise<number> => {
      const few = await privateKib(type, FEW);
      const many = await privateKib(type, MANY);
      return (many - few) / (MANY - FEW);
    };
    return { name: 'dom0.memory', type, unit: 'KiB', samples: await repeat(count, 0, one) };
  } finally {
    await restartThawd([]);
  }
}

async function privateKib(type: GuestType, clones: number): Promise<number> {
  const size = ['--pool', String(clones), '--pool-max', String(clones)];
  await restartThawd([...size, '--pool-type', type]);
  // The memory that a first start loads into thawd belongs to no domain.
  execFileSync('thaw', ['run', '--rm', '--type', type, IMAGE, 'true']);
  await poolReady({ type }, clones);
  await sleep(IDLE_MS);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(privateOf)
    .reduce((sum, kib) => sum + kib, 0);
}

/** Returns the private memory of thawd, a shim or xenstored in KiB; 0 for other processes. */
function privateOf(pid: string): number {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (!/^node .*daemon\/main\.js|^thaw-shim |^\S*xenstored /.test(command)) return 0;
    // A mapped ring is the guest's memory, and counted there.
    return readFileSync(`/proc/${pid}/smaps`, 'utf8')
      .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
      .filter((mapping) => !mapping.split('\n', 1)[0]?.includes('/dev/xen/'))
      .flatMap((mapping) => [...mapping.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)])
      .reduce((sum, [, kib]) => sum + Number(kib), 0);
  } catch {
    return 0;
  }
}
