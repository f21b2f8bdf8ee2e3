// SPDX-License-Identifier: Apache-2.0
// The watch pauses the guest that fills a disk, and resumes it when there is room; others run on.

import { Writable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import { createLogger, format, transports } from 'winston';
import type { ReservedFilesystem } from '../../../../toolstack/disk/index.js';
import { Growth } from '../../../../toolstack/runtime/disk-watch/growth.js';
import type { DiskGuest } from '../../../../toolstack/runtime/disk-watch/guest.js';
import { DiskWatch } from '../../../../toolstack/runtime/disk-watch/watch.js';
import { until } from '../../../support/within.js';

const [MIB, GIB] = [2 ** 20, 2 ** 30];

class Guest implements DiskGuest {
  readonly label: string;
  readonly files: string[];
  readonly folders = [];
  readonly key: string;
  readonly domid = 1;
  runs = true;
  diskPause: DiskGuest['diskPause'];
  bytes = 0;
  refusal: Error | undefined;
  did: string[] = [];

  constructor(key: string) {
    this.key = key;
    this.label = `container ${key}`;
    this.files = [key];
  }

  hold(reason: NonNullable<DiskGuest['diskPause']>): Promise<boolean> {
    this.did.push('hold');
    if (this.refusal) return Promise.reject(this.refusal);
    this.diskPause = reason;
    this.runs = false;
    return Promise.resolve(true);
  }

  release(): Promise<boolean> {
    this.did.push('release');
    this.diskPause = undefined;
    this.runs = true;
    return Promise.resolve(true);
  }
}

/** A log of lines such as `warn Paused container web`. */
function logTo(lines: string[]) {
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(String(chunk).trim());
      done();
    },
  });
  return createLogger({
    format: format.printf(({ level, message }) => `${level} ${String(message)}`),
    transports: [new transports.Stream({ stream })],
  });
}

function given(t: ExecutionContext, ...guests: Guest[]) {
  const disk: ReservedFilesystem = {
    path: '/data',
    device: 1,
    holds: ['images'],
    totalBytes: 20 * GIB,
    freeBytes: 10 * GIB,
    reserveBytes: GIB,
  };
  const lines: string[] = [];
  let nowMs = 0;
  let settled = 0;
  const state = { fails: false };
  const watch = new DiskWatch({
    settle: () => Promise.resolve(void settled++),
    filesystems: () =>
      state.fails ? Promise.reject(new Error('statfs failed')) : Promise.resolve([{ ...disk }]),
    guests: () => Promise.resolve([...guests]),
    growth: new Growth({
      occupied: (path) => {
        const bytes = guests.find(({ key }) => key === path)?.bytes ?? 0;
        return Promise.resolve({ device: 1, bytes });
      },
      deviceOf: () => Promise.resolve(undefined),
      written: () => Promise.resolve(new Map()),
    }),
    log: logTo(lines),
    now: () => (nowMs += 250),
  });
  t.teardown(() => watch.close());
  return { disk, watch, lines, state, settled: () => settled };
}

/** Lets what look() does not wait for happen. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

test('the one that fills the disk pauses, a slow one runs on', async (t) => {
  const [filler, slow] = [new Guest('filler'), new Guest('slow')];
  const { disk, watch, lines, settled } = given(t, filler, slow);
  t.is(await watch.look(), 9216);
  disk.freeBytes = 1.5 * GIB;
  await watch.look();
  for (const free of [1.2, 0.95]) {
    disk.freeBytes = free * GIB;
    filler.bytes += 256 * MIB;
    slow.bytes += 4096;
    t.is(await watch.look(), free > 1 ? Math.max(250, (free - 1) * 1024) : 250);
  }
  await settle();
  t.deepEqual([filler.did, slow.did], [['hold'], []]);
  t.is(filler.diskPause?.path, '/data');
  t.regex(
    lines[0] ?? '',
    /^warn The file system of \/data has only 972.8 MiB free.*thaw image prune/,
  );
  t.regex(
    lines[1] ?? '',
    /^warn Paused container filler, which fills the file system of \/data with/,
  );
  await watch.look();
  await settle();
  t.deepEqual([filler.did, slow.did], [['hold'], []], 'once');
  t.is(settled(), 1);
});

test('when there is room the slowest resumes first, one in a look', async (t) => {
  const [first, second] = [new Guest('first'), new Guest('second')];
  const { disk, watch, lines } = given(t, first, second);
  await first.hold({ path: '/data', since: 1 });
  await second.hold({ path: '/data', since: 2 });
  disk.freeBytes = 1.1 * GIB;
  await watch.look();
  await settle();
  t.deepEqual([first.did, second.did], [['hold'], ['hold']], 'too little room');
  disk.freeBytes = 2 * GIB;
  await watch.look();
  await settle();
  t.deepEqual([first.did, second.did], [['hold'], ['hold', 'release']]);
  await watch.look();
  await settle();
  t.deepEqual(first.did, ['hold', 'release']);
  t.true(lines.some((line) => /^info Resumed container second: there is room again/.test(line)));
});

test('a disk that holds nothing of thaw’s any more keeps nobody', async (t) => {
  const guest = new Guest('one');
  const { watch } = given(t, guest);
  await guest.hold({ path: '/other', since: 1 });
  await watch.look();
  await settle();
  t.deepEqual(guest.did, ['hold', 'release']);
});

test('what cannot be paused is told, and tried again; the log tells of a disk once', async (t) => {
  const guest = new Guest('one');
  guest.refusal = new Error('no');
  const { disk, watch, lines } = given(t, guest);
  disk.freeBytes = GIB / 4;
  for (let look = 0; look < 3; look++) {
    guest.bytes += 100 * MIB;
    await watch.look();
    await settle();
  }
  t.deepEqual(guest.did, ['hold', 'hold']);
  t.is(lines.filter((line) => line.startsWith('error Cannot pause container one')).length, 2);
  t.is(lines.filter((line) => line.includes('has only')).length, 1);
  disk.freeBytes = 5 * GIB;
  await watch.look();
  t.true(lines.some((line) => line.startsWith('info The file system of /data has room again')));
});

test('it looks by itself until it is closed, and a failure is told once', async (t) => {
  const { watch, lines, state, settled } = given(t);
  state.fails = true;
  watch.start();
  await until('it has looked', () => lines.length > 0);
  t.deepEqual(lines, ['warn Cannot watch the disks: statfs failed']);
  t.is(settled(), 1);
  watch.close();
});
