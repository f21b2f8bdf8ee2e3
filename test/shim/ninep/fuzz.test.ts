// SPDX-License-Identifier: Apache-2.0
// A bounded run of the file server's fuzz target: no list of messages breaks the server or reaches beyond its export.
// FUZZ_SECONDS makes it longer.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { put } from '../../support/ninep/fields.js';
import { encodeSnapshot, FILE as PLAIN, LINK as SYMLINK } from '../../support/ninep/snapshot.js';
import { ROOT } from '../../support/programs.js';

const seconds = process.env['FUZZ_SECONDS'] ?? '10';
const compiler = process.env['FUZZ_CC'] ?? 'clang-19';
const found = spawnSync(compiler, ['--version']).status === 0;

/** Indexes of the messages in the target's list, and of names in its second list. */
const [LOPEN, LCREATE, SETATTR, XATTRWALK, XATTRCREATE, READDIR, LOCK, GETLOCK] = [
  1, 2, 8, 9, 10, 11, 13, 14,
];
const [LINK, MKDIR, RENAMEAT, UNLINKAT, WALK, READ, WRITE, CLUNK] = [
  15, 16, 17, 18, 22, 23, 24, 25,
];
const [FILE, FOLDER, DEEP, UP, NEW] = [0, 1, 2, 8, 14];
/** A number of four bytes, of which two are given. */
const n = (value: number): number[] => [1, value & 0xff, value >> 8];

/** Seeds of the fuzzer, each with its first byte in front: valid sessions. */
const SESSIONS: number[][][] = [
  [
    [WALK, 0, 1, 1, FILE],
    [LOPEN, 1, ...n(2)],
    [WRITE, 1, 3, 9],
    [READ, 1, 0, ...n(100)],
    [CLUNK, 1],
  ],
  [
    [WALK, 0, 1, 0],
    [LCREATE, 1, NEW, ...n(2), ...n(0o644), ...n(0)],
    [UNLINKAT, 0, NEW, 0],
    [WRITE, 1, 0, 5],
  ],
  [
    [WALK, 0, 1, 3, FOLDER, UP, UP],
    [WALK, 0, 2, 2, FOLDER, DEEP],
    [WALK, 2, 3, 3, UP, UP, UP],
  ],
  [
    [MKDIR, 0, NEW, ...n(0o755), ...n(0)],
    [RENAMEAT, 0, FOLDER, 0, NEW],
    [LOPEN, 0, ...n(0)],
    [READDIR, 0, 0, ...n(4000)],
  ],
  [
    [WALK, 0, 1, 1, FILE],
    [LOPEN, 1, ...n(2)],
    [LOCK, 1, 1, 0, 4, 20, ...n(1), FILE],
    [LOCK, 1, 0, 0, 8, 4, ...n(2), FILE],
    [LOCK, 1, 2, 0, 10, 1, ...n(2), FILE],
    [GETLOCK, 1, 1, 0, 0, 1, FILE],
    [CLUNK, 1],
  ],
  [
    [WALK, 0, 1, 1, FILE],
    [XATTRCREATE, 1, 0, 5, 0],
    [WRITE, 1, 0, 5],
    [CLUNK, 1],
    [XATTRWALK, 0, 2, 1],
  ],
  [
    [WALK, 0, 1, 1, FILE],
    [LINK, 0, 1, NEW],
    [SETATTR, 1, 0xff, 1, ...n(0o600), ...n(1), ...n(1), 4],
  ],
];

/** Seeds with a fid snapshot of another server, followed by the messages of the first session. */
const SNAPSHOTS = [
  encodeSnapshot({ fids: [{ number: 0 }] }),
  encodeSnapshot({
    fids: [
      { number: 0 },
      { number: 1, path: 'file', mode: PLAIN, flags: 2 },
      { number: 2, path: 'folder/deep', flags: 0o200000, device: 1 },
      { number: 3, path: 'link', mode: SYMLINK, uid: 1000 },
    ],
    ranges: [
      { fid: 1, process: 1, end: 9 },
      { fid: 1, process: 2, start: 5, end: 20 },
    ],
    devices: [0, 1],
  }),
  encodeSnapshot({ fids: [{ number: 1, path: 'up/secret', mode: PLAIN, flags: 0 }] }),
];

test(`whatever a guest's messages are, for ${seconds} s`, (t) => {
  if (!found) {
    t.log(`skipped: ${compiler} is not installed`);
    t.pass();
    return;
  }
  t.timeout(120_000 + Number(seconds) * 2000);
  const dir = mkdtempSync(join(tmpdir(), 'thaw-fuzz-'));
  t.teardown(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const make = ['-s', '-C', join(ROOT, 'toolstack/shim/shares/ninep'), 'fuzz', `OUT=${dir}`];
  const made = spawnSync('make', [...make, `FUZZ_CC=${compiler}`], { encoding: 'utf8' });
  t.is(made.status, 0, made.stderr);
  const corpus = join(dir, 'corpus');
  mkdirSync(corpus);
  SESSIONS.forEach((session, i) =>
    writeFileSync(join(corpus, String(i)), Buffer.from([4, ...session.flat()])),
  );
  SNAPSHOTS.forEach((snapshot, i) => {
    const bytes = [Buffer.from([6]), put.u16(snapshot.length), snapshot];
    const session = Buffer.from((SESSIONS[0] ?? []).flat());
    writeFileSync(join(corpus, `snapshot-${i}`), Buffer.concat([...bytes, session]));
  });
  const args = [`-max_total_time=${seconds}`, '-max_len=1024', '-len_control=0'];
  const run = spawnSync(join(dir, 'ninep-fuzz'), [...args, `-artifact_prefix=${dir}/`, corpus], {
    encoding: 'utf8',
    cwd: dir,
    env: { ...process.env, TMPDIR: existsSync('/dev/shm') ? '/dev/shm' : dir },
  });
  t.log(/Done .*/.exec(run.stderr)?.[0] ?? '');
  t.is(run.status, 0, run.stderr.slice(-8000));
});
