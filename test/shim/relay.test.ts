// SPDX-License-Identifier: Apache-2.0
// A relay that a guest has taken over reaches nothing of dom0: no file, no process, no other guest's memory.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import anyTest, { type ExecutionContext } from 'ava';
import { ApiType } from '../../toolstack/api/wire.js';
import { FrameSocket } from '../support/shim/frame-socket.js';
import { programs } from '../support/programs.js';
import { Sandbox } from '../support/shim/sandbox.js';
import { until } from '../support/within.js';

const test = process.getuid?.() === 0 ? anyTest : anyTest.skip;
if (process.getuid?.() !== 0) console.error('skipped: a relay has rights to drop only as root');

const RELAY_UID = 1_900_000_000;
/** A shim listens in each, so a probe's sandbox is up although its agent is never heard. */
const silent = { silent: true };

async function startProbe(t: ExecutionContext, call?: string): Promise<Sandbox> {
  const prefix = call === undefined ? [] : ['env', `THAW_PROBE_CALL=${call}`];
  return Sandbox.start(t, { program: programs().shimOfRelayProbe, prefix, ...silent });
}

/** The relay's pid. */
function relayOf({ shim: { pid } }: Sandbox): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return Number(children.split(' ')[0]);
}

async function confined(sandbox: Sandbox): Promise<number> {
  await until('the relay is confined', () =>
    /Seccomp:\t2/.test(readFileSync(`/proc/${relayOf(sandbox)}/status`, 'utf8')),
  );
  return relayOf(sandbox);
}

test('each system call that could reach dom0 ends it', async (t) => {
  t.timeout(180_000);
  const lister = await startProbe(t, 'list');
  await until('the calls are listed', () => lister.note.includes('call give memory back'));
  const calls = [...lister.note.matchAll(/call (.*)/g)].map((match) => match[1] ?? '');
  t.true(calls.length > 60);
  for (const call of calls) {
    const dir = mkdtempSync(join(tmpdir(), 'thaw-relay-'));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const { status, stderr } = spawnSync(
      programs().shimOfRelayProbe,
      ['--socket', join(dir, 'no.sock'), '--dir', dir],
      { env: { THAW_PROBE_CALL: call }, timeout: 20_000, encoding: 'utf8' },
    );
    t.is(status, 1, call);
    t.regex(stderr, /The relay ended by itself: signal 31/, call);
    t.notRegex(stderr, /The call was made/, call);
  }
});

test('it has a user of its own, no rights, and only its own descriptors', async (t) => {
  const sandbox = await startProbe(t);
  const pid = await confined(sandbox);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[\\t ]*(.*)$`, 'm').exec(status)?.[1];
  t.is(field('Uid')?.split('\t')[0], String(RELAY_UID));
  t.is(field('Gid')?.split('\t')[0], String(RELAY_UID));
  t.is(field('Groups')?.trim(), '');
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapAmb']) t.is(field(set), '0'.repeat(16), set);
  t.is(field('NoNewPrivs'), '1');
  t.is(field('NSpid')?.split('\t').at(-1), '1');
  const files = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  const kinds = files.map((file) => file.replace(/\[\d+\]/, '').replace(sandbox.dir, ''));
  t.deepEqual(kinds.sort(), ['/dev/null', '/shim.note', '/shim.note', 'socket:', 'socket:']);
});

test('it cannot fill the disk by a file of its own', async (t) => {
  const sandbox = await startProbe(t, 'fill');
  const size = (): number => statSync(join(sandbox.dir, 'shim.note')).size;
  let before = -1;
  await until('it has written what it may', () => {
    const now = size();
    const isDone = now > 0 && now === before;
    before = now;
    return isDone;
  });
  t.true(size() <= (16 << 20) + 131_072, `${size()} bytes`);
});

test('one that dies leaves the loss of each process, and ends the sandbox', async (t) => {
  const sandbox = await Sandbox.start(t, { release: true });
  await sandbox.expect(1);
  sandbox.agent.begin(1);
  await sandbox.expect(2);
  process.kill(await confined(sandbox), 'SIGKILL');
  t.is((await sandbox.control.nextOf(ApiType.LOST)).payload.toString(), 'its relay ended');
  t.is(await sandbox.shimExit, 1);
  for (const id of [1, 2]) t.is(await sandbox.statusFile(id), 'lost its relay ended');
});

test('it ends with its monitor', async (t) => {
  const sandbox = await Sandbox.start(t, { release: true });
  const pid = await confined(sandbox);
  process.kill(sandbox.shim.pid ?? 0, 'SIGKILL');
  await until('the relay is gone', () => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  });
  t.pass();
});

test('one that does not give up its sandbox is killed', async (t) => {
  const sandbox = await startProbe(t);
  await confined(sandbox);
  const peer = await FrameSocket.connect(sandbox.socket);
  peer.send(ApiType.QUIT, 0, 0);
  t.is(await sandbox.shimExit, 0);
  t.regex(sandbox.note, /does not give up the sandbox/);
});
