// SPDX-License-Identifier: Apache-2.0
// Reads lines of samples from standard input, prints the table, and writes results.json and the charts to the named folder.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Samples } from '../measure.js';
import { comparisonChart, domainsChart } from './chart.js';
import { summarize } from './results.js';
import { table } from './table.js';

const [folder] = process.argv.slice(2);
const lines = readFileSync(0, 'utf8').split('\n').filter(Boolean);
const results = lines.map((line) => summarize(JSON.parse(line) as Samples));
console.log(table(results));
if (folder !== undefined) {
  const files = {
    'results.json': `${JSON.stringify({ clock: 'instructions', results }, null, 2)}\n`,
    'comparison.svg': comparisonChart(results),
    'domains.svg': domainsChart(results),
  };
  for (const [name, text] of Object.entries(files))
    if (text !== undefined) writeFileSync(join(folder, name), text);
}
