// SPDX-License-Identifier: Apache-2.0
// Runs in the lab's dom0: takes one measurement after the other and prints each as a line of JSON. `--quick` takes fewer samples.

import type { GuestType } from '../toolstack/xen/host.js';
import type { Samples } from './measure.js';
import { measureBoot, measureClones } from './measures/clones.js';
import { measureExec, measurePeers } from './measures/containers.js';
import { measureEngines } from './measures/engines.js';
import { measureDom0Memory } from './measures/memory.js';
import { measureRootfs } from './measures/rootfs.js';
import { measureSizes } from './measures/sizes.js';
import { measureCold, measureWarm } from './measures/starts.js';
import { measureStream } from './measures/streams.js';
import { measureVchan } from './measures/vchan.js';
import { measureXl } from './measures/xl.js';
import { poolReady } from './thawd.js';

const isQuick = process.argv.includes('--quick');
const wanted = process.argv.slice(2).filter((word) => !word.startsWith('-'));
const COUNT = isQuick ? 5 : 20;
const FEW = isQuick ? 3 : 10;

const types: GuestType[] = ['pvh', 'pv'];
const steps: [string, () => Promise<Samples[]> | Samples[]][] = [
  ['sizes', () => measureSizes()],
  ['peers', () => measurePeers(COUNT, FEW)],
  ['engines', () => measureEngines(COUNT, FEW)],
  ['rootfs', () => measureRootfs(COUNT)],
  ...types.flatMap((type): [string, () => Promise<Samples[]> | Samples[]][] => [
    [`clones-${type}`, () => measureClones(type, COUNT, isQuick ? [1] : [1, 50, 100, 200])],
    [`warm-${type}`, () => measureWarm(type, COUNT)],
    [`cold-${type}`, () => measureCold(type, COUNT)],
    [`exec-${type}`, async () => [await measureExec(type, COUNT)]],
    [`dom0-${type}`, async () => [await measureDom0Memory(type, isQuick ? 1 : FEW)]],
    [`boot-${type}`, async () => [await measureBoot(type, FEW)]],
    [`stream-${type}`, async () => [await measureStream(type, FEW, isQuick ? 32 : 256)]],
    [`vchan-${type}`, async () => [await measureVchan(type, FEW, isQuick ? 32 : 256)]],
    [`xl-${type}`, () => measureXl(type, FEW)],
  ]),
];

// thawd makes its first template as it starts. A second template of the same name must not be made beside it.
await poolReady({ type: 'pvh' });
for (const [name, step] of steps) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.error(`measuring ${name}`);
  for (const samples of await step()) console.log(JSON.stringify(samples));
}
