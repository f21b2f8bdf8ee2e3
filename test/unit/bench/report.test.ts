// SPDX-License-Identifier: Apache-2.0
// Samples become numbers, a table and pictures.

import test from 'ava';
import { loadedBytes } from '../../../bench/measures/sizes.js';
import { comparisonChart, domainsChart } from '../../../bench/report/chart.js';
import { summarize, type Result } from '../../../bench/report/results.js';
import { table } from '../../../bench/report/table.js';

const result = (name: string, type: Result['type'], median: number): Result => ({
  name,
  type,
  unit: 'ms',
  median,
  min: median - 1,
  max: median + 1,
  n: 20,
});

test('the median is the middle, or the mean of the two in the middle', (t) => {
  const samples = { name: 'a', type: 'pvh', unit: 'ms' } as const;
  t.like(summarize({ ...samples, samples: [5, 1, 9] }), { median: 5, min: 1, max: 9, n: 3 });
  t.like(summarize({ ...samples, samples: [4, 1, 2, 9] }), { median: 3, min: 1, max: 9, n: 4 });
  t.is(summarize({ ...samples, samples: [1.23456] }).median, 1.235);
});

test('each row has its ratio to the peers of its own type or of the host', (t) => {
  const results = [
    result('crun.run', 'host', 20),
    result('run.cold', 'pvh', 50),
    result('xl.create', 'pv', 1000),
    { ...result('kernel.bytes', 'host', 6e6), unit: 'bytes' as const },
  ];
  const [head, crun, run, xl, bytes] = table(results).split('\n');
  t.regex(head ?? '', /figure +type +median .*\/crun\.run +\/xl\.create$/);
  t.regex(crun ?? '', /^crun\.run +host +20\.0 +19\.0 +21\.0 +20 +ms +1\.00$/);
  t.regex(run ?? '', /ms +2\.50$/, 'xl create was measured for another type');
  t.regex(xl ?? '', /ms +50\.00 +1\.00$/);
  t.regex(bytes ?? '', /6000000 .* bytes$/);
});

test('the comparison has a bar for each figure there is, PV left out', (t) => {
  const chart = comparisonChart([
    result('crun.run', 'host', 20),
    result('run.cold', 'pv', 900),
    result('run.cold', 'pvh', 200),
  ]);
  t.deepEqual(
    [...(chart ?? '').matchAll(/width="([\d.]+)" height="18"/g)].map((match) => match[1]),
    ['42.0', '420.0'],
  );
  t.regex(chart ?? '', />20\.0</);
  t.regex(chart ?? '', />200</);
  t.is(comparisonChart([]), undefined);
});

test('a line over domains needs two points', (t) => {
  t.is(domainsChart([result('clone.cold.1', 'pvh', 40)]), undefined);
  const chart = domainsChart([
    result('clone.cold.200', 'pvh', 60),
    result('clone.cold.1', 'pvh', 40),
  ]);
  t.is((chart ?? '').match(/<circle/g)?.length, 2);
  t.regex(chart ?? '', /pvh 60\.0/);
});

test("a kernel's size is what its loaded segments hold in the file", (t) => {
  const elf = Buffer.alloc(64 + 3 * 56);
  elf.writeBigUInt64LE(64n, 32);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(3, 56);
  [
    [1, 1000n],
    [4, 50n],
    [1, 24n],
  ].forEach(([type, size], i) => {
    elf.writeUInt32LE(Number(type), 64 + i * 56);
    elf.writeBigUInt64LE(BigInt(size ?? 0), 64 + i * 56 + 32);
  });
  t.is(loadedBytes(elf), 1024);
});
