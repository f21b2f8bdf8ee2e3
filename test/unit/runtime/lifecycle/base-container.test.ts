// SPDX-License-Identifier: Apache-2.0
// Common to both kinds of containers: one end, one state, records written in order, exclusive work in turn.

import test from 'ava';
import type { ContainerState } from '../../../../toolstack/api/container.js';
import { silentLog } from '../../../../toolstack/base/log.js';
import {
  BaseContainer,
  type BaseRecord,
  type Ending,
} from '../../../../toolstack/runtime/lifecycle/base-container.js';

interface Plain extends BaseRecord {
  note?: string;
}

class PlainContainer extends BaseContainer<Plain> {
  readonly label = 'container c1';
  readonly left: Ending[] = [];

  protected leave(ending: Ending): Promise<void> {
    return Promise.resolve(void this.left.push(ending));
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
  return {
    container: new PlainContainer({ id: 'c1', state }, { save }, silentLog()),
    saved,
    waiting,
  };
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

test('the end is in the record before the domain is left, and written after that', async (t) => {
  const { container, saved, waiting } = given('paused');
  container.record.isStill = true;
  const { ended } = container.execs.add();
  const ending = { reason: 'domain destroyed' };
  void container.end(ending);
  t.is(await ended, undefined);
  const finished = container.finishBy(() => container.finish(ending));
  t.like(container.record, { state: 'lost', reason: 'domain destroyed', isStill: undefined });
  t.deepEqual([container.left, saved], [[ending], []]);
  // A second end is none.
  void container.finishBy(() => t.fail());
  await turn();
  t.deepEqual(saved, ['lost']);
  waiting[0]?.();
  await finished;
  t.is(container.sandbox, undefined);
});

test('an end that cannot be written down is the end all the same', async (t) => {
  const { container, waiting } = given('running');
  container.record.note = 'full';
  const exit = { kind: 'exited', code: 3 } as const;
  const finished = container.finishBy(() => container.finish({ exit }));
  await turn();
  waiting[0]?.();
  await t.notThrowsAsync(finished);
  t.like(container.record, { state: 'exited', exit });
});
