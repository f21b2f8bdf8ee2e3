// SPDX-License-Identifier: Apache-2.0
// A process is expected, joined and begun, in this order. A failed step leaves nothing behind.

import { constants } from 'node:os';
import test from 'ava';
import { AgentError } from '../../../../toolstack/agent/errors.js';
import { Forget } from '../../../../toolstack/api/wire.js';
import { addProcess, type AddedProcess } from '../../../../toolstack/runtime/exec/add-process.js';
import type { ShimClient } from '../../../../toolstack/sandbox/shim/client.js';
import { Execs } from '../../../../toolstack/sandbox/shim/execs.js';

/** Records the steps; `fails` is the step that fails, `error` its error. */
function fake(fails = '', error = new Error('no')) {
  const did: string[] = [];
  const note = (what: string): Promise<void> => {
    did.push(what);
    return what === fails ? Promise.reject(error) : Promise.resolve();
  };
  const shim = {
    expect: (process: number) => note(`expect ${process}`),
    signal: (process: number, signal: number) => void note(`signal ${process} ${signal}`),
    forget: (process: number, why: number) => void note(`forget ${process} ${why}`),
  } as unknown as ShimClient;
  const over: number[] = [];
  const execs = new (class extends Execs {
    override end(...call: Parameters<Execs['end']>): void {
      over.push(call[0]);
      super.end(...call);
    }
  })();
  const add = (change: Partial<AddedProcess> = {}) =>
    addProcess(
      { execs, sandbox: { shim } },
      {
        flags: 0,
        join: (process) => note(`join ${process}`),
        begin: (process) => note(`begin ${process}`),
        onFailed: (process) => void note(`failed ${process}`),
        ...change,
      },
    );
  return { did, over, execs, add };
}

test('it is expected, joined and begun, and its end is told', async (t) => {
  const { did, execs, add } = fake();
  const { id, ended } = await add();
  t.deepEqual(did.splice(0), ['expect 2', 'join 2', 'begin 2']);
  execs.end(id, { kind: 'exited', code: 3 });
  t.deepEqual(await ended, { kind: 'exited', code: 3 });
  await add({ join: undefined });
  t.deepEqual(did, ['expect 3', 'begin 3']);
});

test('a shim that does not expect it has nothing to forget', async (t) => {
  const { did, over, add } = fake('expect 2');
  await t.throwsAsync(add(), { message: 'no' });
  t.deepEqual(did, ['expect 2']);
  t.deepEqual(over, [2]);
});

for (const fails of ['join 2', 'begin 2'])
  test(`one that is refused is forgotten: ${fails}`, async (t) => {
    const { did, over, add } = fake(fails);
    await t.throwsAsync(add(), { message: 'no' });
    t.deepEqual(did.slice(-2), ['failed 2', `forget 2 ${Forget.REFUSED}`]);
    t.deepEqual(over, [2]);
    await t.throwsAsync(add({ hearsShimOnly: true, begin: () => Promise.reject(new Error('no')) }));
    t.is(did.at(-1), `forget 3 ${Forget.LEFT}`);
  });

test('one that may have begun is killed', async (t) => {
  const { did, add } = fake('begin 2', new AgentError('ERR_AGENT_TIMEOUT', 'no answer'));
  await t.throwsAsync(add(), { code: 'ERR_AGENT_TIMEOUT' });
  const { SIGKILL } = constants.signals;
  t.deepEqual(did.slice(3), [`signal 2 ${SIGKILL}`, 'failed 2', `forget 2 ${Forget.LEFT}`]);
});

test('one that is not wanted any more is not begun', async (t) => {
  const { did, add } = fake();
  await t.throwsAsync(add({ signal: AbortSignal.abort(new Error('gone')) }), { message: 'gone' });
  t.deepEqual(did, ['expect 2', 'join 2', 'failed 2', `forget 2 ${Forget.REFUSED}`]);
});
