// SPDX-License-Identifier: Apache-2.0
// Kills thawd at a few random moments of its work: no work is lost, repeated, half done or left behind. scripts/test kills does it 200 times.

import { Kills } from '../../support/kills/kills.js';
import { longOnce } from '../../support/long.js';

const KILLS = 5;
const SEED = Number(process.env['THAW_KILLS_SEED'] ?? Date.now() % 1_000_000);
/** A lower count suffices on a busy machine. */
const LONGEST_MS = 30_000;

longOnce(`up to ${KILLS} kills of thawd at random moments, seed ${SEED}`, async (t) => {
  t.timeout(900_000);
  const kills = new Kills(t, {
    kills: KILLS,
    longestMs: LONGEST_MS,
    seed: SEED,
    work: ['runs', 'execs', 'ends', 'removes', 'pulls', 'volumes'],
  });
  const count = await kills.run();
  t.log(`${count} kills`);
  t.true(count > 0);
  t.deepEqual(kills.faults, []);
});
