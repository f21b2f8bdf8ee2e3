// SPDX-License-Identifier: Apache-2.0
// dom0.memory: what one more idle micro-domain costs in dom0: private memory of thawd, its shim and xenstored.

import { readFileSync, readdirSync } from 'node:fs';
import { sleep } from '../../toolstack/base/deadline.js';
import type { Samples } from '../measure.js';
import { pidOfThawd, poolOf, restartThawd } from '../thawd.js';

/** So many clones wait; the difference to none, shared among them, is one sample. */
const CLONES = 20;
const SETTLE_MS = 3000;

/** All clones are of the default type. */
export async function measureDom0Memory(type: 'pvh', count: number): Promise<Samples> {
  const samples: number[] = [];
  try {
    for (let i = 0; i < count; i++) {
      // One first, so that what the first costs alone (template, code, caches) is in both.
      await restartThawd(['--pool', '1', '--pool-max', '1']);
      await poolOf(1);
      await sleep(SETTLE_MS);
      const before = privateKib();
      await restartThawd(['--pool', String(1 + CLONES), '--pool-max', String(1 + CLONES)]);
      await poolOf(1 + CLONES);
      await sleep(SETTLE_MS);
      samples.push((privateKib() - before) / CLONES);
    }
  } finally {
    await restartThawd([]);
  }
  return { name: 'dom0.memory', type, unit: 'KiB', samples };
}

/** Of thawd, all shims and xenstored. */
function privateKib(): number {
  const thawd = pidOfThawd();
  const shims = pidsOf(/^thaw-shim$/);
  const stores = pidsOf(/^(o?xenstored)$/);
  if (thawd === undefined || stores.length !== 1) throw new Error('No thawd, or no xenstored');
  return [thawd, ...shims, ...stores].reduce((sum, pid) => sum + privateOf(pid), 0);
}

function privateOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce(
    (sum, [, kib]) => sum + Number(kib),
    0,
  );
}

function pidsOf(name: RegExp): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((pid) => {
      try {
        return name.test(readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
      } catch {
        return false;
      }
    })
    .map(Number);
}
