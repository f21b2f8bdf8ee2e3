// SPDX-License-Identifier: Apache-2.0
// run is create, start and a wait for the end, and returns the container's status. It leaves nothing behind unless requested.
import test from 'ava';
import type { ExitStatus } from '../../../../../toolstack/api/wire.js';
import type { OciContainers } from '../../../../../toolstack/frontends/oci/container/containers.js';
import { run } from '../../../../../toolstack/frontends/oci/verbs/run.js';
import { fakeClient } from '../../../../support/cli/fake-engine.js';

const REQUEST = { root: '/r', id: 'one', bundle: '/b', pidFile: '', consoleSocket: '' };
const WAITS = { detach: false, keep: false };

function given(exit?: ExitStatus, fails?: Error) {
  const calls: unknown[][] = [];
  let end: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (end = resolve));
  const containers = {
    create: ({ isAttended }: { isAttended: boolean }) => {
      calls.push(['create', isAttended]);
      return Promise.resolve({ record: { ...REQUEST, pid: 2 ** 30, exit }, finished });
    },
    start: () => (fails ? Promise.reject(fails) : Promise.resolve(void calls.push(['start']))),
    kill: (_root: string, _id: string, signal: number) => {
      calls.push(['kill', signal]);
      end();
      return Promise.resolve();
    },
    remove: () => Promise.resolve(void calls.push(['remove'])),
  } as unknown as OciContainers;
  return { containers, calls, end: () => end() };
}

test('its status is the process’s, and it is deleted', async (t) => {
  for (const [exit, status] of [
    [{ kind: 'exited', code: 5 }, 5],
    [{ kind: 'signaled', signal: 15 }, 143],
    [undefined, 137],
  ] as const) {
    const { containers, calls, end } = given(exit);
    const ran = run(containers, REQUEST, WAITS, fakeClient().client);
    setImmediate(end);
    t.is(await ran, status);
    t.deepEqual(calls, [['create', true], ['start'], ['remove']]);
  }
});

test('detached nobody waits, with --keep it stays', async (t) => {
  const detached = given();
  const options = { detach: true, keep: false };
  t.is(await run(detached.containers, REQUEST, options, fakeClient().client), 0);
  t.deepEqual(detached.calls, [['create', false], ['start']]);
  const kept = given({ kind: 'exited', code: 0 });
  kept.end();
  t.is(await run(kept.containers, REQUEST, { ...WAITS, keep: true }, fakeClient().client), 0);
  t.deepEqual(kept.calls, [['create', true], ['start']]);
});

test('one that does not start is deleted', async (t) => {
  const fails = new Error('no');
  const { containers, calls } = given(undefined, fails);
  await t.throwsAsync(run(containers, REQUEST, WAITS, fakeClient().client), { is: fails });
  t.deepEqual(calls, [['create', true], ['remove']]);
});

test('a caller that is asked to stop asks the container', async (t) => {
  const { containers, calls } = given({ kind: 'signaled', signal: 15 });
  const { client } = fakeClient();
  const stop = new AbortController();
  const ran = run(containers, REQUEST, WAITS, { ...client, signal: stop.signal });
  setTimeout(() => stop.abort(), 20);
  t.is(await ran, 143);
  t.deepEqual(calls, [['create', true], ['start'], ['kill', 15], ['remove']]);
});
