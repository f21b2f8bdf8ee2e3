// SPDX-License-Identifier: Apache-2.0
// Tests every event in every state against the table in this file, which docs/architecture.md shows.

import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { ContainerState } from '../../../../toolstack/api/container.js';
import {
  advance,
  hasEnded,
  isAtRest,
  isUp,
  LIFECYCLE,
  nextState,
  revertTo,
  type LifecycleEvent,
} from '../../../../toolstack/runtime/lifecycle/lifecycle.js';

const STATES: readonly ContainerState[] = [
  ...(['creating', 'created', 'starting', 'running'] as const),
  ...(['paused', 'exited', 'lost', 'removing'] as const),
];
const EVENTS = Object.keys(LIFECYCLE) as LifecycleEvent[];

/** The next states, in the order of STATES; `-` where the event is not allowed. */
const EXPECTED: Record<LifecycleEvent, string> = {
  make: 'created - - - - - - -',
  start: '- starting - - - starting starting -',
  run: 'running - running - - - - -',
  reattach: 'running running running running running - - -',
  pause: '- - - paused paused - - -',
  resume: '- - - running running - - -',
  exit: 'exited exited exited exited exited - - exited',
  lose: 'lost lost lost lost lost - - lost',
  revertToCreated: '- - created created created - - created',
  revertToExited: '- - exited exited exited - - exited',
  revertToLost: '- - lost lost lost - - lost',
  remove: '- removing - removing removing removing removing -',
  undo: 'removing - - - - - - -',
};

for (const event of EVENTS)
  test(`${event} in every state`, (t) => {
    t.is(STATES.map((state) => nextState(state, event) ?? '-').join(' '), EXPECTED[event]);
    for (const state of STATES) {
      const record = { id: 'c1', state };
      const next = nextState(state, event);
      if (next === undefined) {
        const message = new RegExp(`Container c1 is ${state}.*"${event}"`);
        t.throws(() => advance(record, event), { code: 'ERR_LIFECYCLE', message });
      } else advance(record, event);
      t.is(record.state, next ?? state);
    }
  });

test('a start that failed goes back to each state that it began in', (t) => {
  for (const state of STATES.filter((one) => isAtRest({ state: one }))) {
    const record: { id: string; state: ContainerState } = { id: 'c1', state };
    const event = isAtRest(record) ? revertTo(record.state) : undefined;
    advance(record, 'start');
    if (event) advance(record, event);
    t.is(record.state, state);
  }
});

test('each state is in one group', (t) => {
  const groups = STATES.map((state) => [isUp({ state }), isAtRest({ state }), hasEnded({ state })]);
  t.deepEqual(
    groups.map((group) => group.map(Number).join('')),
    ['000', '010', '000', '100', '100', '011', '011', '000'],
  );
});

test('docs/architecture.md shows the table', async (t) => {
  const text = await readFile('docs/architecture.md', 'utf8');
  const [, section = ''] = text.split('## Lifecycle of a container\n');
  const rows = section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, 4).map((cell) => cell.trim())); // prettier-ignore
  const own = EVENTS.map((event) => {
    const { from, to } = LIFECYCLE[event];
    return [`\`${event}\``, from.join(', '), to];
  });
  t.deepEqual(rows, own);
});
