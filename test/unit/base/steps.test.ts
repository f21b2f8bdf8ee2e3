// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { createLogger, transports } from 'winston';
import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { Steps } from '../../../toolstack/base/steps.js';

function collect(level: string) {
  const stream = new PassThrough();
  const log = createLogger({ level, transports: [new transports.Stream({ stream })] });
  return { log, lines: () => String(stream.read() ?? '') };
}

test('says how long each step took, side by side or not, and the whole', async (t) => {
  const { log, lines } = collect('debug');
  const steps = new Steps(log, 'Sandbox x');
  t.is(await steps.time('one', () => delay(20, 'value')), 'value');
  // A step that is already under way is timed from here on.
  await Promise.all([steps.time('two', delay(30)), steps.time('three', () => delay(30))]);
  steps.done();
  const line = JSON.parse(lines()) as Record<string, number> & { message: string };
  t.is(line.message, 'Sandbox x');
  t.true((line['one'] ?? 0) >= 15 && (line['two'] ?? -1) >= 0 && (line['three'] ?? 0) >= 25);
  t.true((line['all'] ?? 0) >= 45);
});

test('a step that fails has its time noted and its error passed on', async (t) => {
  const { log, lines } = collect('debug');
  const steps = new Steps(log, 'it');
  await t.throwsAsync(
    steps.time('bad', () => Promise.reject(new Error('no'))),
    { message: 'no' },
  );
  steps.done();
  t.regex(lines(), /"bad":/);
});

test('is silent at the usual level', (t) => {
  const { log, lines } = collect('info');
  new Steps(log, 'it').done();
  t.is(lines(), '');
});
