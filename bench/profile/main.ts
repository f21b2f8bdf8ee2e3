// SPDX-License-Identifier: Apache-2.0
// node main.js FOLDER COUNT: prints the profile that scripts/profile recorded in FOLDER, in milliseconds of each of COUNT operations.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { countSamples, parseSymbols, PERIOD } from './samples.js';

const [folder = '.', count = '1'] = process.argv.slice(2);
const LINES = 40;
const read = (name: string) => parseSymbols(readFileSync(join(folder, name), 'utf8'));
const maps = { xen: read('xensyms'), dom0: read('kallsyms'), guest: read('System.map') };
const { who, functions } = countSamples(readFileSync(join(folder, 'samples')), maps);
const msOf = (samples: number) => (samples * PERIOD) / 1e6 / Number(count);
const print = (counts: Map<string, number>) => {
  for (const [name, samples] of [...counts].sort((a, b) => b[1] - a[1]).slice(0, LINES))
    console.log(`${msOf(samples).toFixed(3).padStart(10)} ms  ${name}`);
};
console.log(`${msOf([...who.values()].reduce((a, b) => a + b, 0)).toFixed(3)} ms each of ${count}`);
print(who);
console.log();
print(functions);
