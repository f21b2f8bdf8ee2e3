// SPDX-License-Identifier: Apache-2.0
// Reads lines of samples from standard input, prints the table, and writes results.json to the file named.

import { readFileSync, writeFileSync } from 'node:fs';
import type { Samples } from '../measure.js';
import { summarize } from './results.js';
import { table } from './table.js';

const [file] = process.argv.slice(2);
const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
const results = lines.map((line) => summarize(JSON.parse(line) as Samples));
console.log(table(results));
if (file !== undefined) {
  const text = JSON.stringify({ clock: 'instructions', results }, null, 2);
  writeFileSync(file, `${text}\n`);
}
