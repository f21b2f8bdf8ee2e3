// SPDX-License-Identifier: Apache-2.0
// Long streams: no byte is lost or repeated and no process grows, also when thawd dies in the middle.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  busybox,
  killThawd,
  list,
  peakKib,
  pidsOf,
  runWords,
  running,
  startThawd,
  startThaw,
  thaw,
  thawdPid,
  until,
} from '../../support/dom0/thaw.js';
import { longOnce } from '../../support/long.js';

const MIB = 1 << 20;

/** Random bytes with a number in each MiB: cheap to make and compare, and no piece can be mistaken for another. */
class Pattern {
  readonly #block = randomBytes(MIB);
  #compared: { index: number; piece: Buffer } = { index: -1, piece: this.#block };

  piece(index: number): Buffer {
    const piece = Buffer.from(this.#block);
    piece.writeUInt32LE(index);
    return piece;
  }

  /** True if `chunk` equals the data at `offset`. */
  matches(chunk: Buffer, offset: number): boolean {
    for (let at = 0; at < chunk.length;) {
      const within = (offset + at) % MIB;
      const part = chunk.subarray(at, at + MIB - within);
      const index = Math.floor((offset + at) / MIB);
      if (this.#compared.index !== index) this.#compared = { index, piece: this.piece(index) };
      if (!part.equals(this.#compared.piece.subarray(within, within + part.length))) return false;
      at += part.length;
    }
    return true;
  }
}

/** Pumps `mib` MiB of random data through `cat` in a container; `half` runs when half of it has come back. */
async function pump(name: string, mib: number, half: () => Promise<void>) {
  const child = spawn('thaw', runWords('--rm', '-i', '--name', name, busybox, 'cat'), {
    cwd: '/root',
  });
  const pattern = new Pattern();
  let same = true;
  let bytes = 0;
  let errors = '';
  let halfway: Promise<void> | undefined;
  const peaks: Record<string, number> = {};
  const look = (): void => {
    peaks['launcher'] = peakKib(child.pid ?? 0);
    peaks['shim'] = Math.max(...pidsOf(/thaw-shim/).map(peakKib));
  };
  let isLate = false;
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  child.stdout.on('data', (chunk: Buffer) => {
    same &&= pattern.matches(chunk, bytes);
    bytes += chunk.length;
    if (bytes < (mib * MIB) / 2) return;
    // Near the end, while the launcher still runs.
    if (bytes > mib * MIB * 0.9 && !isLate) {
      isLate = true;
      look();
    }
    halfway ??= (async () => {
      peaks['thawd'] = peakKib(thawdPid());
      await half();
    })();
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  // A thaw that ends early closes its stdin: its message and status give the reason.
  child.stdin.on('error', () => undefined);
  for (let i = 0; i < mib && child.exitCode === null; i++) {
    if (!child.stdin.write(pattern.piece(i))) {
      await Promise.race([new Promise((resolve) => child.stdin.once('drain', resolve)), ended]);
    }
  }
  child.stdin.end();
  const status = await ended;
  await halfway;
  if (!isLate) throw new Error(`It ended after ${bytes} bytes`);
  return { status, bytes, same, errors, peaks };
}

longOnce(
  '100 MiB come back unchanged though thawd is killed half-way, and no process grows with them',
  async (t) => {
    t.timeout(900_000);
    const result = await pump('many', 100, killThawd);
    t.is(result.errors.replace(/^Image .* is up to date\n/, ''), '');
    t.is(result.bytes, 100 * MIB);
    t.true(result.same);
    t.is(result.status, 0);
    t.log(result.peaks);
    t.true((result.peaks['launcher'] ?? 0) < 8 * 1024, 'the launcher stays below 8 MiB');
    t.true((result.peaks['shim'] ?? 0) < 8 * 1024, 'the shim stays below 8 MiB');
    t.true((result.peaks['thawd'] ?? 0) < 400 * 1024, 'thawd stays below 400 MiB');
    await startThawd();
    await until('the --rm container is gone', async () =>
      (await list()).every((c) => c.name !== 'many'),
    );
  },
);

longOnce(
  'the thawd after a killed one lists who runs and can end it, and finds who ended meanwhile',
  async (t) => {
    t.timeout(300_000);
    const survivor = startThaw(
      runWords('--name', 'survivor', busybox, 'sh', '-c', 'echo before; exec sleep 600'),
    );
    const alone = startThaw(
      runWords('-i', '--name', 'alone', busybox, 'sh', '-c', 'read x; echo "got $x"; exit 9'),
    );
    await new Promise((resolve) => survivor.child.stdout?.once('data', resolve));
    const before = await running('survivor');
    await running('alone');
    await killThawd();
    alone.child.stdin?.end('a line\n');
    t.like(await alone.done, { status: 9, stdout: 'got a line\n' });
    await startThawd();
    const after = await running('survivor');
    t.is(after.id, before.id);
    t.is(after.domid, before.domid);
    t.is((await thaw(['kill', 'survivor'])).status, 0);
    t.like(await survivor.done, { status: 137, stdout: 'before\n' });
    for (const [name, status] of Object.entries({ survivor: 137, alone: 9 })) {
      const ended = await until(`the end of ${name} is written down`, async () =>
        (await list()).find((c) => c.name === name && c.state === 'exited'),
      );
      t.is(ended.exitStatus, status, name);
    }
    t.is((await thaw(['logs', 'survivor'])).stdout, 'before\n');
    t.is((await thaw(['rm', 'survivor', 'alone'])).status, 0);
  },
);
