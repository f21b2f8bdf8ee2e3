// SPDX-License-Identifier: Apache-2.0
// Common to both kinds of containers: one end, one state, records written in order, exclusive work in turn.

import test from 'ava';
import type { ContainerState } from '../../../../toolstack/api/container.js';
import type { ExitStatus } from '../../../../toolstack/api/wire.js';
import {
  BaseContainer,
  type Ending,
} from '../../../../toolstack/runtime/lifecycle/base-container.js';

interface Plain {
  readonly id: string;
  readonly state: ContainerState;
  note?: string;
}

class PlainContainer extends BaseContainer<Plain> {
  end(ending: Ending): void {
    this.settle(ending);
  }

  protected firstExited(exit: ExitStatus): void {
    this.end({ exit });
  }
}

/** The test controls when each save ends. */
function given(state: ContainerState) {
  const saved: string[] = [];
  const waiting: (() => void)[] = [];
  const save = ({ state: now, note = '' }: Plain) =>
    new Promise<void>((resolve, reject) => {
      saved.push(`${now} ${note}`.trim());
      waiting.push(note === 'full' ? () => reject(new Error('full')) : resolve);
    });
  return { container: new PlainContainer({ id: 'c1', state }, { save }), saved, waiting };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('records are written one after the other, also behind one that failed', async (t) => {
  const { container, saved, waiting } = given('starting');
  const first = container.transition('run', { note: 'full' });
  const second = container.update({ note: 'second' });
  await turn();
  // The record changes at once. The save writes the state of its own moment.
  t.deepEqual([container.record.state, container.record.note], ['running', 'second']);
  t.is(saved.length, 1);
  waiting[0]?.();
  await first;
  await turn();
  t.is(saved.length, 2);
  waiting[1]?.();
  await second;
  const fails = container.update({ note: 'full' });
  await turn();
  waiting[2]?.();
  await t.throwsAsync(fails, { message: 'full' });
  const last = container.update({ note: 'last' });
  await turn();
  waiting[3]?.();
  await last;
  t.is(saved.at(-1), 'running last');
});

test('a transition that the lifecycle does not have changes and writes nothing', async (t) => {
  const { container, saved } = given('exited');
  t.throws(() => void container.transition('pause', { note: 'no' }), { code: 'ERR_LIFECYCLE' });
  await turn();
  t.deepEqual([container.record, saved], [{ id: 'c1', state: 'exited' }, []]);
});

test('the first news of its end counts, of which its other processes are no part', async (t) => {
  const { container } = given('running');
  const { ended, id } = container.execs.add();
  container.shimEvents.onExit(id, { kind: 'exited', code: 9 });
  t.deepEqual(await ended, { kind: 'exited', code: 9 });
  container.shimEvents.onGone();
  container.shimEvents.onExit(container.first, { kind: 'exited', code: 3 });
  t.deepEqual(await container.ended, { reason: 'its shim was killed' });
});
