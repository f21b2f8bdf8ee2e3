// SPDX-License-Identifier: Apache-2.0
// Kills thawd 200 times at random moments: no work is lost, repeated, half done or left behind. Takes too long for scripts/test: run
// scripts/test kills. THAW_KILLS sets the number, THAW_KILLS_SECONDS a duration instead of a number, THAW_KILLS_SEED repeats a sequence
// of moments, and THAW_KILLS_WORK selects the work, as in `runs,pods`.

import test from 'ava';
import { Kills } from '../../support/kills/kills.js';
import { WORK } from '../../support/kills/work.js';

const KILLS = Number(process.env['THAW_KILLS'] ?? '200');
const SECONDS = process.env['THAW_KILLS_SECONDS'];
/** scripts/test also ends the suite after this time. */
const LONGEST_MS = Number(SECONDS ?? '13000') * 1000;
const DONE = process.env['THAW_KILLS_WORK']?.split(',') ?? Object.keys(WORK);
const SEED = Number(process.env['THAW_KILLS_SEED'] ?? Date.now() % 1_000_000);

test.serial(`${KILLS} kills of thawd at random moments, seed ${SEED}`, async (t) => {
  t.timeout(LONGEST_MS + 600_000);
  const kills = new Kills(t, {
    kills: KILLS,
    longestMs: LONGEST_MS,
    seed: SEED,
    work: DONE,
  });
  const count = await kills.run();
  t.log(`${count} kills`);
  if (SECONDS === undefined) t.true(count >= KILLS, `${count} kills, and the time was over`);
  t.deepEqual(kills.faults, []);
});
