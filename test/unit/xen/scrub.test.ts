// SPDX-License-Identifier: Apache-2.0
import test from 'ava';
import { scrubsMemory } from '../../../toolstack/xen/scrub.js';

for (const line of [
  '',
  'dom0_mem=2G',
  'bootscrub',
  'bootscrub=idle',
  'bootscrub=1',
  'bootscrub=0 bootscrub=idle',
  'xbootscrub=0',
])
  test(`memory is zero with "${line}"`, (t) => {
    t.true(scrubsMemory(line));
  });

for (const line of [
  'bootscrub=false',
  'a bootscrub=0 b',
  'no-bootscrub',
  'bootscrub=idle bootscrub=off',
])
  test(`memory may be anything with "${line}"`, (t) => {
    t.false(scrubsMemory(line));
  });
