// SPDX-License-Identifier: Apache-2.0
// Measures leftovers of a thousand clones in Xen, xenstore, dom0 and thawd. Takes too long for scripts/test: run scripts/test cycles.
// THAW_TEST_CYCLES sets the number.

import test from 'ava';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Libxl } from '../../../bindings/index.js';
import { holdings, type Holdings } from '../../support/dom0/leaks.js';
import {
  busybox,
  pidsOf,
  run,
  startThawd,
  stopThawd,
  thawdPid,
  until,
} from '../../support/dom0/thaw.js';

const CYCLES = Number(process.env['THAW_TEST_CYCLES'] ?? '1000');
/** Cycles until the heaps of V8 and xenstored reach a stable size. */
const FIRST = Math.ceil(CYCLES / 5);
const SLACK_KIB = 8 * 1024;
/** Allowance for pieces that Xen's own heap keeps. */
const XEN_SLACK_KIB = 1024;
const REST_MS = 2000;

interface State extends Holdings {
  freeKib: number;
  thawdKib: number;
  xenstoredKib: number;
  xenconsoledKib: number;
}

/** Returns the private resident memory. */
function rssKib(pid: number): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

async function settled(): Promise<State> {
  const found = await until('the last domain to go', async () => {
    const now = await holdings();
    return now.domains.length === 1 && now.shims.length === 0 ? now : undefined;
  });
  // Xen scrubs the pages of dead domains only while it is idle.
  await sleep(REST_MS);
  const libxl = await Libxl.open();
  try {
    const { freeMemKib, scrubMemKib } = await libxl.physinfo();
    return {
      ...found,
      freeKib: freeMemKib + scrubMemKib,
      thawdKib: rssKib(thawdPid()),
      xenstoredKib: rssKib(pidsOf(/^\S*xenstored( |$)/)[0] ?? NaN),
      xenconsoledKib: rssKib(pidsOf(/^\S*xenconsoled( |$)/)[0] ?? NaN),
    };
  } finally {
    await libxl.close();
  }
}

test.serial(`${CYCLES} clones that came and went leave nothing`, async (t) => {
  t.timeout(3_000_000);
  await stopThawd();
  await startThawd(['--pool', '0', '--pool-max', '0']);
  const cycle = async (): Promise<void> => {
    const { status, stderr } = await run([busybox, 'true']);
    if (status !== 0) t.fail(stderr);
  };
  for (let i = 0; i < FIRST; i++) await cycle();
  const first = await settled();
  for (let i = 0; i < CYCLES - FIRST; i++) await cycle();
  const last = await settled();
  t.log(
    ...(['freeKib', 'thawdKib', 'xenstoredKib', 'xenconsoledKib'] as const).map(
      (name) => `${name} ${first[name]} -> ${last[name]}`,
    ),
  );
  for (const name of [
    ...(['domains', 'xenstoreNodes', 'loopDevices', 'mounts', 'mappings'] as const),
    ...(['thawdDescriptors', 'runFiles', 'stateFiles', 'libxlHelpers'] as const),
  ])
    t.deepEqual(last[name], first[name], name);
  t.true(first.freeKib - last.freeKib < XEN_SLACK_KIB, 'Xen has its memory again');
  t.true(last.thawdKib - first.thawdKib < SLACK_KIB, 'thawd does not grow');
  t.true(last.xenstoredKib - first.xenstoredKib < SLACK_KIB, 'nor does xenstored');
  await stopThawd();
  await startThawd();
});
